"""Bytes to text as browsers do it, and better where a page lies about its charset.

Order: byte order mark, then UTF-8 if the bytes are that whatever is declared, then the HTTP header, then the page's own
declaration, then a guess (HTML standard, "determining the character encoding", with the UTF-8 check put first: text
that is valid UTF-8 by chance hardly exists, pages that are UTF-8 and declare Latin-1 do).
"""

import codecs
import re

from charset_normalizer import from_bytes

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DECLARED = re.compile(rb"<(?:meta|\?xml)\b[^>]{0,300}?(?:charset|encoding)\s{0,9}=\s{0,9}[\"']?([\w.:-]{2,40})", re.I)
_CHARSET = re.compile(r"charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{2,40})", re.IGNORECASE)
_PROLOGUE = 4096
_SAMPLE = 16_384
_FALLBACK = "cp1252"
# What browsers read instead (encoding standard, "names and labels"): the declared one is a subset of it.
_WIDER = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874",
    "shift_jis": "cp932", "euc_kr": "cp949", "gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs",
}  # fmt: skip
_LANG = re.compile(rb"<html\b[^>]{0,300}?\blang\s{0,9}=\s{0,9}[\"']?([A-Za-z]{2})\b", re.IGNORECASE)
_USUAL = {
    "pl": "cp1250", "cs": "cp1250", "sk": "cp1250", "hu": "cp1250", "sl": "cp1250", "hr": "cp1250", "ro": "cp1250",
    "tr": "cp1254", "lt": "cp1257", "lv": "cp1257", "ru": "cp1251", "uk": "cp1251", "bg": "cp1251", "el": "cp1253",
    "he": "cp1255", "ar": "cp1256", "th": "cp874", "ko": "cp949",
}  # fmt: skip
_POSSIBLE = ["cp1252", "cp1251", "cp1253", "koi8_r", "cp932", "euc_jp", "gb18030", "big5hkscs", "cp949"]
_USELESS = {"utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7"}
"""Not decoded on a page's word alone: the declaration itself could be read, so it cannot be true (or is an attack)."""


def decode(body: bytes, content_type: str | None = None) -> str:
    """Return the text of an HTML page; what cannot be read becomes U+FFFD. Never raises."""
    for mark, charset in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(charset, "replace")
    if wide := _wide(body):
        return body.decode(wide, "replace")
    cut = body[:-3] if len(body) > _SAMPLE else body  # a page that was cut off may end within a character
    if (text := _strict(cut, "utf-8")) is not None:
        return text
    return _legacy(body, content_type)


def _legacy(body: bytes, content_type: str | None) -> str:
    """Text in some older charset, or in UTF-8 with a few broken bytes."""
    declared = _declared(body, content_type)
    readable = {name: text for name in declared if name != "utf-8" and (text := _strict(body, name)) is not None}
    if readable:
        return next(iter(readable.values()))
    broken = body.decode("utf-8", "replace")
    high = sum(1 for byte in body[: 20 * _SAMPLE] if byte > 127)
    if broken.count("\ufffd", 0, 20 * _SAMPLE) * 4 < high:
        return broken
    return body.decode(_guess(body) or next(iter(declared), _FALLBACK), "replace")


def _declared(body: bytes, content_type: str | None) -> list[str]:
    """The charsets that the header and the page name, as Python knows them, the header's first."""
    header = _CHARSET.search(content_type or "")
    names = [header[1]] if header else []
    names += [name.decode("ascii", "replace") for name in _DECLARED.findall(body[:_PROLOGUE])]
    known = [found for name in names if (found := _known(name))]
    return list(dict.fromkeys(known))


def _known(name: str) -> str | None:
    try:
        found = codecs.lookup(name.lower().replace("x-sjis", "shift_jis"))
    except (LookupError, ValueError):
        return None
    if not getattr(found, "_is_text_encoding", False) or found.name in _USELESS:
        return None
    return _WIDER.get(found.name, found.name)


def _strict(body: bytes, charset: str) -> str | None:
    try:
        return body.decode(charset)
    except (UnicodeError, ValueError):
        return None


def _wide(body: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of the beginning is zero."""
    head = body[:200]
    if len(head) < 20 or not 0.35 < head.count(0) / len(head) < 0.6:
        return None
    return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"


def _guess(body: bytes) -> str | None:
    """The likeliest charset: by the page's language where that tells, else by a sample around the first odd bytes.

    Guessing tells scripts apart, not the code pages of Latin script from each other: for those, the language decides.
    """
    lang = _LANG.search(body[:_PROLOGUE])
    if lang and (usual := _USUAL.get(lang[1].decode("ascii").lower())):
        return usual
    first = next((i for i, byte in enumerate(body) if byte > 127), 0)
    sample = re.sub(rb"<[^<>]{0,2000}>", b" ", body[max(0, first - 200) : first + _SAMPLE])
    best = from_bytes(sample, cp_isolation=_POSSIBLE).best()
    return _known(best.encoding) if best else None
