"""What a legal notice says: register and tax numbers, by their labels and check digits.

A number is taken if the law of its country labels it so and its check digits are right; where a register has none, the
label must stand right before it. Formats: python-stdnum, and for those without check digits the registers themselves.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from stdnum.ch import uid as ch_uid
from stdnum.cz import dic as cz_ico
from stdnum.dk import cvr
from stdnum.ee import registrikood
from stdnum.es import cif, nif
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError
from stdnum.fi import ytunnus
from stdnum.fr import siren, siret
from stdnum.gb import vat as gb_vat
from stdnum.it import iva
from stdnum.no import orgnr as no_orgnr
from stdnum.pl import nip, regon
from stdnum.pt import nif as pt_nif
from stdnum.se import orgnr as se_orgnr

from providers.website.document import Document, plain
from providers.website.facts import Evidence, Found, LegalId

MAX_LINE = 600
MAX_FOUND = 40
Check = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class _Rule:
    """A register's number: the words it stands behind, its form, and its check; the form is written without spaces."""

    scheme: str
    country: str
    label: re.Pattern[str]
    form: re.Pattern[str]
    check: Check | None = None
    alone: bool = False


def _compact(module: Any) -> Check:
    def check(raw: str) -> str:
        return str(module.validate(raw))

    return check


def _hyphened(module: Any, tail: int) -> Check:
    def check(raw: str) -> str:
        digits = str(module.validate(raw))
        return f"{digits[:-tail]}-{digits[-tail:]}"

    return check


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE)


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w]){pattern}(?!\w|[ .-]?\d)", re.IGNORECASE)


_SEP = r"[\s.\-]?"
_RULES = (
    _Rule(
        "y-tunnus",
        "FI",
        _words(r"l?y[- ]?tunnus|business id|fo[- ]?nummer|company id"),
        _form(r"\d{7}\s?-?\s?\d"),
        _hyphened(ytunnus, 1),
        alone=True,
    ),
    _Rule(
        "org-nr",
        "SE",
        _words(r"org(?:anisations)?\.?\s?-?(?:nr|nummer|no|number)"),
        _form(r"\d{6}\s?-?\s?\d{4}"),
        _hyphened(se_orgnr, 4),
    ),
    _Rule(
        "org-nr",
        "NO",
        _words(r"org(?:anisasjons)?\.?\s?-?(?:nr|nummer|no)|foretaksregisteret"),
        re.compile(rf"(?<!\w)\d{{3}}{_SEP}\d{{3}}{_SEP}\d{{3}}(?:\s?MVA)?(?![\w])", re.I),
        _compact(no_orgnr),
    ),
    _Rule(
        "cvr",
        "DK",
        _words(r"cvr(?:\s?-?\s?(?:nr|nummer|no))?|se-nr"),
        _form(rf"\d\d{_SEP}\d\d{_SEP}\d\d{_SEP}\d\d"),
        _compact(cvr),
    ),
    _Rule(
        "registrikood",
        "EE",
        _words(r"registrikood|reg(?:istri)?\.?\s?(?:kood|nr|code)|registry code"),
        _form(r"\d{8}"),
        _compact(registrikood),
    ),
    _Rule(
        "siret",
        "FR",
        _words(r"siret|n° de siret"),
        _form(rf"\d{{3}}{_SEP}\d{{3}}{_SEP}\d{{3}}{_SEP}\d{{5}}"),
        _compact(siret),
    ),
    _Rule(
        "siren",
        "FR",
        _words(r"siren|rcs(?:\s[^\W\d][\w' -]{1,30}?)?|r\.c\.s\.?(?:\s[\w' -]{1,30}?)?"),
        re.compile(rf"(?<!\w)(?:[AB]\s)?\d{{3}}{_SEP}\d{{3}}{_SEP}\d{{3}}(?!\w|[ .-]?\d)", re.I),
        _compact(siren),
    ),
    _Rule(
        "company-number",
        "GB",
        _words(
            r"compan(?:y|ies)(?:\s(?:house|registration|reg\.?|registered))?\s?(?:no|number|nr|num|#)|"
            r"regist(?:ered|ration)(?:\s(?:in|company|with)[^.\d]{0,50}?)?\s?(?:no|number)|company reg|"
            r"registered in (?:england|scotland|wales|northern ireland)(?: and wales| & wales)?"
        ),
        _form(r"(?:(?:SC|NI|OC|SO|NC|FC|RC|LP|CE|R)\s?)?\d{6,8}"),
    ),
    _Rule(
        "cif",
        "ES",
        _words(r"c\.?i\.?f\.?|n\.?i\.?f\.?"),
        _form(r"[ABCDEFGHJNPQRSUVW][\s.-]?\d{2}[\s.]?\d{3}[\s.]?\d{2}[\s.-]?[\dA-J]"),
        _compact(cif),
    ),
    _Rule(
        "nif",
        "ES",
        _words(r"n\.?i\.?f\.?|d\.?n\.?i\.?|n\.?i\.?e\.?"),
        _form(r"(?:[XYZKLM][\s-]?\d{7}|\d{2}[.\s]?\d{3}[.\s]?\d{3})[\s-]?[A-Z]"),
        _compact(nif),
    ),
    _Rule("rea", "IT", _words(r"r\.?e\.?a\.?(?:\s?n\.?)?|n\.?\s?rea"), _form(r"[A-Z]{2}\s?-?\s?\d{5,7}")),
    _Rule(
        "kvk",
        "NL",
        _words(r"k\.?v\.?k\.?(?:[- ]?(?:nr|nummer|no))?|kamer van koophandel|chamber of commerce"),
        _form(r"\d{8}"),
    ),
    _Rule(
        "nip",
        "PL",
        _words(r"nip"),
        _form(rf"(?:PL\s?)?\d{{3}}{_SEP}\d{{2,3}}{_SEP}\d{{2}}{_SEP}\d{{2,3}}"),
        _compact(nip),
    ),
    _Rule("regon", "PL", _words(r"regon"), _form(r"\d{9}(?:\d{5})?"), _compact(regon)),
    _Rule("krs", "PL", _words(r"krs"), _form(r"0\d{9}")),
    _Rule(
        "uid",
        "CH",
        _words(r"uid|mwst|tva|iva|handelsregister"),
        _form(r"CHE\s?[-.]?\s?\d{3}\.?\s?\d{3}\.?\s?\d{3}"),
        _compact(ch_uid),
        alone=True,
    ),
    _Rule("firmenbuch", "AT", _words(r"fn|firmenbuch(?:nummer|nr)?"), _form(r"\d{4,6}\s?[a-z]")),
    _Rule(
        "nipc",
        "PT",
        _words(r"nipc|nif|contribuinte(?: n\.?º)?"),
        _form(rf"(?:PT\s?)?[56]\d\d{_SEP}\d{{3}}{_SEP}\d{{3}}"),
        _compact(pt_nif),
    ),
    _Rule("ico", "CZ", _words(r"ičo?|ico"), _form(rf"\d{{3}}{_SEP}\d{{2}}{_SEP}\d{{3}}|\d{{8}}"), _compact(cz_ico)),
)
_FOUR_DIGITS = re.compile(r"\d\D{0,3}\d\D{0,3}\d\D{0,3}\d")
_GAP = re.compile(
    r"[\s.:;,#|()\[\]/-]{0,6}(?:(?:nr|no|n[°ºo]|num(?:mer|ero|ber)?|nro|kodas)[\s.:]{1,3}|e\s[\w. ]{1,20}:?\s|i\s|"
    r"di\s\w{2,20}\s|:)?[\s.:|(-]{0,4}",
    re.I,
)
_HRB = re.compile(
    r"(?<!\w)(HR\s?[AB])[\s.:-]{0,3}(?:Nr\.?|Nummer)?[\s.:-]{0,3}(\d{2,6}(?:\s?\d{3})?)(?:\s?(?!AG\b)([A-Z]{1,3}))?(?!\w)"
)
_COURT = re.compile(
    r"(?:Amtsgericht(?:s)?|Registergericht|"
    r"AG)[\s:]{1,3}(?:Amtsgericht\s)?([A-ZÄÖÜ][\wäöüß-]{2,30}(?:[ /-][A-ZÄÖÜ(][\wäöüß.)-]{1,25}){0,2})"
)
_VAT_WORD = re.compile(
    r"(?:(?<!\w)(?:vat|ust|mwst|tva|iva|btw|alv|moms|mva|nip|uid|dph|dič|km?kr|pvm|pvn|tax|steuer|intracom\w*|"
    r"ñif)(?!\w)|umsatzsteuer|"
    r"p\.\s?iva|p\.\s?i\.|partita|mehrwertsteuer|identifika|ust-?id|vat-?nr|momsnr|momsreg|arvonlisävero)[^\d]{0,60}\Z",
    re.IGNORECASE,
)
_PREFIXED = re.compile(
    r"(?<![\w])((?:AT\s?U|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK|XI|GB)\s?-?\s?"
    r"[0-9A-Z](?:[ .-]?[0-9A-Z]){5,13})(?!\w|[ .-]?\d)"
)
_BARE_VAT = {
    "IT": (re.compile(r"(?<!\w)\d{11}(?!\w)"), iva,
           re.compile(r"(?:p\.?\s?iva|partita\s?iva|p\.\s?i\.|vat)[^\d]{0,40}\Z", re.I)),
    "GB": (re.compile(r"(?<!\w)\d{3}\s?\d{4}\s?\d{2}(?!\w|\s?\d)"), gb_vat, re.compile(r"\bvat[^\d]{0,40}\Z", re.I)),
}  # fmt: skip


_ANY_LABEL = re.compile("|".join(rule.label.pattern for rule in _RULES), re.IGNORECASE)


def ids(document: Document, regions: Sequence[str]) -> list[Found[LegalId]]:
    """Return the register and tax numbers in the text; ``regions`` decide where several countries use a label."""
    found: list[Found[LegalId]] = []
    for text in _passages(document):
        hits = [*_labelled(text, regions), *_vats(text, regions), *_registered(text)]
        found += [Found(one, (Evidence(document.url, "legal", sure),)) for one, sure in hits]
        if len(found) > MAX_FOUND:
            break
    return list({(one.value.scheme, one.value.value): one for one in reversed(found)}.values())[::-1]


def checked(raw: str, regions: Sequence[str]) -> LegalId | None:
    """Return the VAT id that a field of structured data states, if it is one."""
    return next((one for one, _ in _vats(f"VAT: {raw[:60]}", regions)), None)


def _passages(document: Document) -> Iterator[str]:
    """Lines with a digit; a short one together with the line above it, which may be its label."""
    above = ""
    for line in document.lines:
        text = plain(line)[:MAX_LINE]
        if _FOUR_DIGITS.search(text):
            yield f"{above} {text}" if 0 < len(above) <= 60 and not _has_number(above) else text
        above = text


def _has_number(text: str) -> bool:
    return len(re.findall(r"\d", text)) > 4


def _labelled(text: str, regions: Sequence[str]) -> Iterator[tuple[LegalId, float]]:
    rules = _RULES if _ANY_LABEL.search(text) else [rule for rule in _RULES if rule.alone]
    for rule in rules:
        for label in rule.label.finditer(text):
            start = _GAP.match(text, label.end())
            number = rule.form.match(text, start.end() if start else label.end())
            if number and (value := _valid(rule, number[0])) and _is_meant(rule, regions):
                yield LegalId(rule.scheme, value, rule.country), 0.95 if rule.check else 0.85
        if rule.alone and rule.check and (rule.country in regions or rule.scheme == "uid"):
            for number in rule.form.finditer(text):
                if ("-" in number[0] or rule.scheme == "uid") and (value := _valid(rule, number[0])):
                    yield LegalId(rule.scheme, value, rule.country), 0.7


def _valid(rule: _Rule, raw: str) -> str | None:
    raw = re.sub(r"\A[AB]\s|\s?MVA\Z", "", raw.upper()) if rule.scheme in ("siren", "org-nr") else raw.upper()
    if rule.check is None:
        value = re.sub(r"[\s.-]", "", raw)
        value = value.lower() if rule.scheme == "firmenbuch" else value
        return value.zfill(8) if rule.scheme == "company-number" and value.isdigit() else value
    try:
        return rule.check(raw)
    except ValidationError:
        return None


_SHARED_LABELS = {
    ("org-nr", "NO"),
    ("org-nr", "SE"),
    ("nipc", "PT"),
    ("nif", "ES"),
    ("company-number", "GB"),
    ("ico", "CZ"),
}


def _is_meant(rule: _Rule, regions: Sequence[str]) -> bool:
    """Labels that several countries use count only where the page may be from."""
    return (rule.scheme, rule.country) not in _SHARED_LABELS or not regions or rule.country in regions


def _vats(text: str, regions: Sequence[str]) -> Iterator[tuple[LegalId, float]]:
    for hit in _PREFIXED.finditer(text):
        raw = re.sub(r"[\s.\-]", "", hit[1].upper())
        labelled = bool(_VAT_WORD.search(text[max(0, hit.start() - 80) : hit.start()]))
        if (value := _vat(raw)) and (labelled or raw[:2] in regions or len(raw) > 10):
            yield LegalId("vat", value, {"EL": "GR", "XI": "GB"}.get(value[:2], value[:2])), 0.95 if labelled else 0.75
    for country, (form, module, label) in _BARE_VAT.items():
        if regions and country not in regions:
            continue
        for number in form.finditer(text):
            if label.search(text[max(0, number.start() - 60) : number.start()]) and module.is_valid(number[0]):
                yield LegalId("vat", country + module.compact(number[0]), country), 0.9


def _vat(raw: str) -> str | None:
    """The VAT id at the beginning of ``raw``, which may have swallowed a word behind it."""
    if raw.startswith("GB"):
        return raw if gb_vat.is_valid(raw) else None
    for end in range(len(raw), 8, -1):
        if eu_vat.is_valid(raw[:end]):
            return raw[:end]
    return None


def _registered(text: str) -> Iterator[tuple[LegalId, float]]:
    """German commercial register: section, number, and the court that keeps it, on either side."""
    for hit in _HRB.finditer(text):
        around = text[max(0, hit.start() - 90) : hit.end() + 90]
        court = _COURT.search(around)
        section = hit[1].replace(" ", "")
        value = f"{section}{hit[2].replace(' ', '')}{hit[3] or ''}"
        yield LegalId(section.lower(), value, "DE", court[1].strip() if court else None), 0.95 if court else 0.85
