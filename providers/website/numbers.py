"""Telephone and fax numbers in text and links, told apart from all the other numbers on a page."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from providers.website import labels
from providers.website.document import CELL, Anchor, Document, plain
from providers.website.facts import Evidence, Found, Method, Phone, PhoneKind
from providers.website.labels import Label

MAX_NUMBERS = 400
MAX_GROUPS = 12
FICTIONAL = ("+447700900", "+3363998")
_KINDS: dict[int, PhoneKind] = {PhoneNumberType.FIXED_LINE: "landline", PhoneNumberType.MOBILE: "mobile"}
_NUMBER = re.compile(
    r"(?<![\w@#&=%$€£/+])(?<!\d[.,:])(?:\+\s?|\(\+?\s?|\[)?\d(?:[\d\s().\[\]/·*'-]{5,34}\d|"
    r"[\d\s().-]{3,5}\d)(?![\w@%])(?!:\d\d)"
)
_STRONG = re.compile(r"\s[/*·-]\s|/|\s{2,}|(?<=\d)\s(?=\+)")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}\s?(?:[A-Z0-9]{4}\s?){2,7}[A-Z0-9]{1,4}(?!\w)")
_FIVE_DIGITS = re.compile(r"(?:\d\D{0,3}){4}\d")
_EXTENSION = re.compile(
    r"\s{0,3}(?:[,(]\s?)?(?:ext(?:ension)?\.?|x|extn\.?|int\.|interno|poste|dw|durchwahl|wewn\.?|wew\.?|anexo|"
    r"anknytning|alanumero"
    r"|klapka|toestel|lokal|#)\s{0,2}[:.]?\s{0,2}(\d{1,6})\b",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\(?\d{1,2}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{2,4}.*|\(?(?:19|20)\d\d\s?[./-]\s?(?:0?\d|"
    r"1[0-2])\s?[./-]\s?[0-3]?\d\b.*"
    r"|(?:19|20)\d\d\s?[-/]\s?(?:19|20)\d\d"
)
_SPAN = r"(?:[01]?\d|2[0-4])(?:\.?[0-5]\d)?\s?-\s?(?:[01]?\d|2[0-4])(?:\.?[0-5]\d)?"
_HOURS = re.compile(rf"{_SPAN}(?:[\s/]{{1,3}}{_SPAN}){{0,6}}(?:\s\D.*)?")
_DECIMAL = re.compile(
    r"-?\d{1,3}\.\d{3,}|\d{1,3}(?:[ .'](?:\d{3}))*[.,]\d{1,2}|\d{1,3}(?:\.\d{3}){1,3}|\d{1,3}(?: 000)+"
)
_IP = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_LINK_SCHEME = re.compile(r"\s{0,9}(tel|fax|callto|phone|sms|telephone|mobile)\s{0,3}:[\s/]{0,9}", re.IGNORECASE)
_JOIN = re.compile(
    r"[\s,;/|•·&+]{0,6}(?:or|and|oder|und|ou|et|tai|ja|eller|och|og|o|y|e|lub|i|of|en|sekä)?[\s,;/|•·]{0,4}"
)
_PLACEHOLDER = re.compile(
    r"(\d)\1+|1?(?:123456789?0?|2345678901?|1234567|0?123456789|01234567890?|987654321|5555555555|\d{3}5555555)"
)
_EXTENSION_OF_SAME = re.compile(r"[\s,;|/]{0,4}(?:tele)?fax(?:nr)?[\s.:|]{0,4}-\s?(\d{1,4})(?!\d)", re.IGNORECASE)
_CONFIDENCE: dict[tuple[Method, bool], float] = {
    ("tel", True): 0.95, ("tel", False): 0.55, ("text", True): 0.9, ("text", False): 0.5,
    ("json-ld", True): 0.95, ("json-ld", False): 0.5, ("microdata", True): 0.93, ("microdata", False): 0.5,
    ("rdfa", True): 0.93, ("rdfa", False): 0.5,
}  # fmt: skip
_UNLABELLED = 0.7


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run of digits in a line that may be a number, and what the words around it call it."""

    text: str
    label: Label | None
    extension: str | None
    line: str


def found(document: Document, regions: Sequence[str]) -> list[Found[Phone]]:
    """Return the numbers on a page. ``regions`` are the countries where local numbers may be meant, likeliest first."""
    hits: list[Found[Phone]] = []
    labels_of: dict[str, set[Label | None]] = {}
    for phone, label, evidence in [*_links(document, regions), *_texts(document, regions)]:
        labels_of.setdefault(phone.e164, set()).add(label)
        hits.append(Found(phone, (evidence,)))
    return [_judged(hit, labels_of[hit.value.e164]) for hit in hits]


def stated(raw: str, regions: Sequence[str], url: str, method: Method, fax: bool = False) -> list[Found[Phone]]:
    """Return the numbers in a field of structured data that is for numbers."""
    result = []
    for part in re.split(r"[;,]|\s/\s|\s\|\s", raw[:200])[:10]:
        if phone := _phone(part, regions, "fax" if fax else "phone"):
            result.append(Found(phone, (Evidence(url, method, _CONFIDENCE[method, phone.valid]),)))
    return result


def _judged(hit: Found[Phone], said: set[Label | None]) -> Found[Phone]:
    """A number that is called a fax somewhere and a telephone nowhere is a fax, in links that do not say so, too."""
    phone = hit.value
    if "fax" in said and "phone" not in said:
        return Found(Phone(phone.e164, phone.raw, "fax", phone.extension, phone.valid), hit.evidence)
    return hit


def _links(document: Document, regions: Sequence[str]) -> Iterator[tuple[Phone, Label | None, Evidence]]:
    for anchor in document.anchors:
        scheme = _LINK_SCHEME.match(anchor.href)
        if not scheme:
            continue
        label: Label | None = "fax" if scheme[1].lower() == "fax" else _label_of(document, anchor)
        raw = unquote(anchor.href[scheme.end() :])[:60].partition("?")[0].strip()
        number, _, extension = re.split(r";|,|p(?=\d)|w(?=\d)", raw)[0], None, _extension_of(raw)
        phone = _phone(number, regions, label or "phone", extension) or _phone(anchor.text, regions, label or "phone")
        if phone:
            yield phone, label, Evidence(document.url, "tel", _CONFIDENCE["tel", phone.valid])


def _extension_of(raw: str) -> str | None:
    hit = re.search(r"(?:;ext=|[,pwx#;]|ext\.?)\s?(\d{1,6})\Z", raw)
    return hit[1] if hit else None


def _label_of(document: Document, anchor: Anchor) -> Label | None:
    """What the link's own words, those before it, or right behind it call the number."""
    own = re.match(r"[^\d+(]{0,40}", anchor.text)
    if own and (label := labels.before(own[0])):
        return label if label != "other" else None
    if anchor.line >= len(document.lines):
        return None
    line = document.lines[anchor.line]
    start = line.find(anchor.text[:12], max(0, anchor.offset - 2)) if anchor.text else -1
    end = start + len(anchor.text) if start >= 0 else anchor.offset
    label = labels.after(plain(line[end : end + 24])) or _before(document, anchor.line, plain(line[: anchor.offset]))
    return label if label != "other" else None


def _before(document: Document, index: int, text: str) -> Label | None:
    """What stands before a number: in its line or, if it begins it, at the end of a short line above."""
    if text.strip(" :-"):
        return labels.before(text)
    above = plain(document.lines[index - 1]) if index else ""
    return labels.before(above) if len(above) <= 40 and not _NUMBER.search(above) else None


def _texts(document: Document, regions: Sequence[str]) -> Iterator[tuple[Phone, Label | None, Evidence]]:
    count = 0
    for index in range(len(document.lines)):
        for candidate in _candidates(document, index):
            for phone in _read(candidate, regions):
                count += 1
                sure = _CONFIDENCE["text", phone.valid] if candidate.label else _UNLABELLED
                yield phone, candidate.label, Evidence(document.url, "text", sure)
            if count > MAX_NUMBERS:
                return


def _candidates(document: Document, index: int) -> Iterator[Candidate]:
    """The runs of digits in a line, each with its label; a list of numbers shares the label before the first."""
    line = _IBAN.sub(lambda account: "x" * len(account[0]), plain(document.lines[index]))
    if not _FIVE_DIGITS.search(line):
        return
    last, label = 0, None
    columns = _columns(document, index)
    for hit in _NUMBER.finditer(line):
        between = line[last : hit.start()]
        behind = line[hit.end() : hit.end() + 24]
        extension = _EXTENSION.match(behind)
        if not (last and _JOIN.fullmatch(between)):
            label = _before(document, index, line[: hit.start()]) if not last else labels.before(between)
        own = labels.after(behind[extension.end() :] if extension else behind) or columns.get(hit[0].strip()) or label
        yield Candidate(hit[0], own, extension[1] if extension else None, line)
        if "-" in hit[0] and (fax := _EXTENSION_OF_SAME.match(behind)):
            yield Candidate(hit[0].rpartition("-")[0] + fax[1], "fax", None, line)
        last = hit.end() + (extension.end() if extension else 0)


def _columns(document: Document, index: int) -> dict[str, Label | None]:
    """The labels that a table's first row gives to the cells of a later one."""
    cells = document.lines[index].split(CELL)
    if len(cells) < 2:
        return {}
    for above in range(index - 1, max(-1, index - 30), -1):
        heads = document.lines[above].split(CELL)
        if len(heads) != len(cells):
            return {}
        if not any(char.isdigit() for char in document.lines[above]):
            return {plain(cell).strip(): labels.before(plain(head)) for cell, head in zip(cells, heads, strict=True)}
    return {}


def _read(candidate: Candidate, regions: Sequence[str]) -> list[Phone]:
    """The numbers in a candidate: none if it is something else, several if they were written one after another."""
    text = candidate.text.strip(" .-/*'")
    if text.rfind("(") > max(0, text.rfind(")")):
        text = text[: text.rfind("(")].strip()
    if candidate.label == "other" or _is_something_else(text, candidate.label):
        return []
    whole = _phone(text, regions, candidate.label, candidate.extension)
    if whole and _is_meant(whole) and (candidate.label or _is_phone_like(text, whole, candidate)):
        return [whole]
    parts = [phone for part in _STRONG.split(text) for phone in _in_part(part, regions, candidate)]
    if parts or not (whole and candidate.label):
        return parts
    return [whole]


def _is_meant(phone: Phone) -> bool:
    """Tell whether a number may stand without a label."""
    return phone.valid or phone.e164.startswith(FICTIONAL)


def _accepted(text: str, regions: Sequence[str], candidate: Candidate) -> Phone | None:
    text = text.strip(" .-/*'")
    if len(text) < 6 or _is_something_else(text, None):
        return None
    phone = _phone(text, regions, candidate.label, candidate.extension)
    if phone is None or not _is_meant(phone):
        return None
    return phone if candidate.label or _is_phone_like(text, phone, candidate) else None


def _in_part(text: str, regions: Sequence[str], candidate: Candidate) -> list[Phone]:
    """The numbers in what is one number, or several with only spaces between: from each group of digits the longest."""
    groups, found, start = text.split(" ")[:MAX_GROUPS], [], 0
    while start < len(groups):
        runs = ((end, " ".join(groups[start:end])) for end in range(len(groups), start, -1))
        hit = next(((end, one) for end, run in runs if (one := _accepted(run, regions, candidate))), None)
        start = hit[0] if hit else start + 1
        found += [hit[1]] if hit else []
    return found


def _is_something_else(text: str, label: Label | None) -> bool:
    """Dates, hours, prices, coordinates, IP addresses; a label saves what only looks like hours or a price."""
    if _DATE.fullmatch(text):
        return label is None or not text.startswith("0")
    if _IP.fullmatch(text) and all(int(part) < 256 for part in text.split(".")):
        return True
    return label is None and bool(_HOURS.fullmatch(text) or _DECIMAL.fullmatch(text))


def _is_phone_like(text: str, phone: Phone, candidate: Candidate) -> bool:
    """Tell whether a number without a label is written as its country writes numbers, rather than as any other."""
    if text.startswith(("+", "(+", "00", "(0")):
        return True
    short = len(candidate.line) <= 160
    if text.startswith("0"):
        mobile = phone.kind == "mobile"
        return short and (
            mobile or " " in text or "-" in text or "/" in text or "." in text or len(candidate.line) <= 40
        )
    number = phonenumbers.parse(phone.e164)
    if _has_trunk_zero(number):
        return False
    usual = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    written = re.findall(r"\d+", text)
    if written[0] == str(number.country_code):
        written = written[1:]
    in_groups = len(written) > 2 and all(2 <= len(group) <= 4 for group in written) and len(candidate.line) <= 80
    return short and len(written) > 1 and (in_groups or written == re.findall(r"\d+", usual))


def _has_trunk_zero(number: PhoneNumber) -> bool:
    """Tell whether a number's country dials a 0 before area codes: one written without it is hardly a number."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(phonenumbers.region_code_for_number(number) or "", None)
    return metadata is not None and metadata.national_prefix == "0"


def _phone(raw: str, regions: Sequence[str], label: Label | None, extension: str | None = None) -> Phone | None:
    """The number that ``raw`` is in the first country where it is one, or else, if it is called one, could be one."""
    written = " ".join(raw.split())[:60]
    if _is_placeholder(written):
        return None
    possible: PhoneNumber | None = None
    for region in [*regions, None] if regions else [None]:
        number = _parsed(written, region)
        if number is None or _PLACEHOLDER.fullmatch(str(number.national_number)):
            continue
        if (valid := phonenumbers.is_valid_number(number)) or _is_fictional(number):
            return _made(number, written, label, extension, valid)
        if possible is None and label and phonenumbers.is_possible_number(number) and _dialled_from_afar(written):
            possible = number
    return _made(possible, written, label, extension, valid=False) if possible else None


def _is_fictional(number: PhoneNumber) -> bool:
    """Tell whether a number lies in a range kept free for stories (Ofcom, Arcep): nobody's, but meant as a number."""
    return phonenumbers.format_number(number, PhoneNumberFormat.E164).startswith(FICTIONAL)


def _dialled_from_afar(written: str) -> bool:
    """Tell whether a number is written in full: with its country's code or a trunk prefix."""
    return written.lstrip("(").startswith(("+", "0"))


def _is_placeholder(written: str) -> bool:
    digits = re.sub(r"\D", "", written)
    return len(digits) < 5 or bool(_PLACEHOLDER.fullmatch(digits)) or len(set(digits)) < 3


def _parsed(written: str, region: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        pass
    if written.startswith("00"):
        try:
            return phonenumbers.parse("+" + written[2:], None)
        except phonenumbers.NumberParseException:
            return None
    return None


def _made(number: PhoneNumber, raw: str, label: Label | None, extension: str | None, valid: bool) -> Phone:
    kind: PhoneKind = "fax" if label == "fax" else _KINDS.get(phonenumbers.number_type(number), "unknown")
    extension = extension or number.extension
    number.extension = None
    return Phone(phonenumbers.format_number(number, PhoneNumberFormat.E164), raw, kind, extension, valid)
