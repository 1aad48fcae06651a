"""Plain text, e-mail addresses and opening hours as people type them, brought into one form. Pure; never raises."""

import re
import unicodedata
from typing import TypedDict

import idna
import opening_hours

MAX_TEXT = 1000
MAX_HOURS = 5000
MAX_ITEMS = 100
_UNWANTED = {"Cc", "Cs", "Zl", "Zp", "Zs"}
_AT = re.compile(r"\s*[\[({]\s*(?:at|ät)\s*[\])}]\s*", re.IGNORECASE)
_LOCAL_PART = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_HOST = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:xn--[a-z0-9-]{2,59}|[a-z]{2,63})")


class OpeningHours(TypedDict):
    """``raw`` as the source wrote it; ``valid`` when it follows OpenStreetMap's opening_hours syntax."""

    raw: str
    valid: bool


def text(raw: str, limit: int = MAX_TEXT) -> str:
    """Return ``raw`` composed (NFC), at most ``limit`` characters; controls and runs of spaces become one space."""
    if not (raw.isascii() and raw.isprintable()):
        raw = "".join(" " if unicodedata.category(char) in _UNWANTED else char for char in raw)
        raw = unicodedata.normalize("NFC", raw)
    return " ".join(raw.split())[:limit].rstrip()


def items(raw: str) -> list[str]:
    """Return the parts of an OpenStreetMap list ``a; b`` in order, none empty, none twice."""
    return list(dict.fromkeys(filter(None, map(text, raw.split(";")))))[:MAX_ITEMS]


def emails(raw: str) -> list[str]:
    """Return the addresses in ``raw``, lower case, in order; what cannot be one is left out.

    Syntax as browsers check it (HTML standard, "valid e-mail address"), with a public domain name.
    """
    parts = re.split(r"[;,\s]+", _AT.sub("@", text(raw, MAX_HOURS)))
    return list(dict.fromkeys(filter(None, map(_email, parts))))[:MAX_ITEMS]


def host(raw: str) -> str | None:
    """Return a public host name in lower case ASCII (IDNA 2008 with UTS 46 mapping), or None if it cannot be one."""
    name = raw.rstrip(".").lower()
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            return None
    return name if _HOST.fullmatch(name) else None


def hours(raw: str) -> OpeningHours | None:
    """Return the opening hours and whether they can be read; None for nothing but spaces."""
    written = text(raw, MAX_HOURS)
    return {"raw": written, "valid": opening_hours.validate(written)} if written else None


def _email(part: str) -> str | None:
    address = part.lower().strip("<>()[]\"'").removeprefix("mailto:").partition("?")[0].strip(".:")
    local, _, domain = address.rpartition("@")
    public = host(domain)
    if public is None or len(local) > 64 or not _LOCAL_PART.fullmatch(local):
        return None
    return f"{local}@{public}"
