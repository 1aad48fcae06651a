"""Names of companies with their legal form, as legal notices and copyright lines give them."""

import re

from providers.website.document import Document, plain

MAX_FOUND = 40
_FORMS = (
    ("GmbH & Co. KG", "DE", r"GmbH\s?(?:&|und|\+)\s?Co\.?\s?KG(?:aA)?"), ("gGmbH", "DE", r"gGmbH"),
    ("GmbH", "DE", r"(?:G\.?m\.?b\.?H\.?|Ges\.?m\.?b\.?H\.?)"),
    ("UG", "DE", r"UG(?:\s?\(haftungsbeschränkt\))?"), ("e.K.", "DE", r"e\.\s?(?:K|Kfm|Kfr)\."),
    ("OHG", "DE", r"[oO]HG"), ("GbR", "DE", r"GbR"),
    ("KG", "DE", r"KG"), ("AG", "DE", r"AG"), ("Oyj", "FI", r"Oyj"), ("Oy", "FI", r"(?:Oy(?:\sAb)?|OY|Ab\sOy)"),
    ("Ky", "FI", r"Ky"), ("Tmi", "FI", r"[Tt]mi"),
    ("Osk", "FI", r"(?:Osk|osuuskunta)"), ("SASU", "FR", r"SASU"), ("SAS", "FR", r"S\.?A\.?S\.?"),
    ("SARL", "FR", r"(?:S\.?A\.?R\.?L\.?|Sàrl|S\.à\s?r\.l\.)"),
    ("EURL", "FR", r"EURL"), ("SCI", "FR", r"SCI"), ("PLC", "GB", r"(?:PLC|plc)"), ("LLP", "GB", r"LLP"),
    ("Ltd", "GB", r"(?:Ltd\.?|LTD|Limited)"),
    ("CIC", "GB", r"CIC"), ("S.L.U.", "ES", r"S\.?L\.?U\.?"), ("S.L.", "ES", r"S\.\s?L\.?|SL"),
    ("S.A.", "ES", r"S\.\s?A\.?"), ("S.r.l.", "IT", r"(?:S\.?r\.?l\.?s?|SRLS?|S\.R\.L\.)"),
    ("S.p.A.", "IT", r"S\.?p\.?A\.?"), ("S.n.c.", "IT", r"[Ss]\.?n\.?c\.?"), ("S.a.s.", "IT", r"[Ss]\.a\.s\."),
    ("B.V.", "NL", r"(?:B\.V\.|BV|b\.v\.)"),
    ("N.V.", "NL", r"N\.V\."), ("V.O.F.", "NL", r"(?:V\.?O\.?F\.?|v\.o\.f\.)"),
    ("Sp. z o.o.", "PL", r"[Ss]p(?:\.|ółka)\s?z\s?o\.?\s?o\.?"), ("Sp.j.", "PL", r"[Ss]p\.\s?j\."),
    ("Sp.k.", "PL", r"[Ss]p\.\s?k\."), ("AB", "SE", r"AB"), ("HB", "SE", r"HB"), ("ASA", "NO", r"ASA"),
    ("AS", "NO", r"AS"), ("ENK", "NO", r"ENK"),
    ("ApS", "DK", r"ApS"), ("A/S", "DK", r"A/S"), ("I/S", "DK", r"I/S"), ("OÜ", "EE", r"OÜ"), ("FIE", "EE", r"FIE"),
    ("Lda", "PT", r"(?:Lda\.?|LDA)"),
    ("s.r.o.", "CZ", r"s\.\s?r\.\s?o\."), ("a.s.", "CZ", r"a\.\s?s\."), ("Kft.", "HU", r"[Kk]ft\.?"),
    ("Bt.", "HU", r"Bt\."), ("d.o.o.", "HR", r"d\.o\.o\."),
    ("LLC", "US", r"(?:LLC|L\.L\.C\.)"), ("Inc.", "US", r"Inc\.?"), ("Corp.", "US", r"Corp\.?"),
    ("Pty Ltd", "AU", r"Pty\.?\sLtd\.?"), ("e.V.", "DE", r"e\.\s?V\."),
    ("SIA", "LV", r"SIA"), ("UAB", "LT", r"UAB"),
)  # fmt: skip
_ANY_FORM = re.compile(r"(?<!\w)(?:" + "|".join(pattern for _, _, pattern in _FORMS) + r")(?![\w/])")
_WORD = r"[^\W\d_][\w&.'+-]{0,30}|&|\d{1,4}"
_NAME = re.compile(
    rf"(?<![\w.])((?:[A-ZÅÄÖÜÉÈØÆŁŚŻ0-9][\w&.'+-]{{0,30}}|&)(?:[ ](?:{_WORD})){{0,5}}?),?\s(?:"
    + "|".join(rf"(?P<f{number}>{pattern})" for number, (_, _, pattern) in enumerate(_FORMS))
    + r")(?![\w/])"
)
_FIRST = re.compile(
    r"(?<!\w)(Oy|AB|Tmi|OÜ|SIA|UAB|SARL|SAS|EURL)\s((?:[A-ZÅÄÖÜÉ][\w&.'-]{1,30})(?:\s[A-ZÅÄÖÜÉ&][\w&.'-]{0,30}){0,4})"
)
_LEAD = re.compile(
    r"\A(?:.*\b(?:by|von|copyright|impressum|anbieter|betreiber|inhaber|herausgeber|verantwortlich|société|"
    r"ragione sociale|"
    r"the|of|and the|company|firma|yritys|operated by|owned by|©|\(c\))\b[\s:]*)?(?:(?:19|20)\d\d(?:\s?-\s?(?:19|"
    r"20)\d\d)?\s)?",
    re.IGNORECASE,
)


def names(document: Document, is_legal_page: bool) -> list[tuple[str, str, float]]:
    """Return company names with their legal form: (whole name, form, confidence)."""
    found: dict[str, tuple[str, str, float]] = {}
    for line in document.lines:
        text = plain(line)
        if len(text) > 240 or not _ANY_FORM.search(text):
            continue
        sure = 0.75 if is_legal_page or "©" in text or "copyright" in text.lower() else 0.4
        for hit in _NAME.finditer(text):
            form = next(_FORMS[int(key[1:])][0] for key, value in hit.groupdict().items() if value)
            name = " ".join(_LEAD.sub("", hit[0], count=1).split()).strip(" ,")
            if len(name) > len(form) + 1:
                found.setdefault(name.lower(), (name, form, sure))
        for hit in _FIRST.finditer(text):
            found.setdefault(hit[0].lower(), (hit[0], hit[1], sure - 0.1))
        if len(found) > MAX_FOUND:
            break
    return list(found.values())
