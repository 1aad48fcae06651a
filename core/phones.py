"""Telephone numbers as people type them, brought to E.164. Pure; never raises."""

import re
from typing import TypedDict

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from core import normalize

MAX_ITEMS = 100
_KINDS = {PhoneNumberType.FIXED_LINE: "landline", PhoneNumberType.MOBILE: "mobile"}
_SEPARATORS = re.compile(r"[;,]|\s/\s|\s\|\s")


class Phone(TypedDict):
    """One number. ``e164`` is null when it cannot be dialled; ``kind`` is landline, mobile, fax or unknown.

    Many countries do not tell mobiles from landlines by number, and company-wide numbers are neither: unknown.
    """

    e164: str | None
    raw: str
    kind: str
    valid: bool


def phones(raw: str, country: str | None, kind: str | None = None) -> list[Phone]:
    """Return the numbers in ``raw`` in order; ``country`` (ISO 3166-1 alpha-2) is where local ones are meant.

    ``kind`` overrides what the number itself tells, for a field that says ``fax``. Parts without a digit are
    left out, as are second mentions.
    """
    found: dict[str, Phone] = {}
    for part in _SEPARATORS.split(raw):
        written = normalize.text(part)
        if any(char.isdigit() for char in written):
            phone = _phone(written, country, kind)
            found.setdefault(phone["e164"] or written, phone)
    return list(found.values())[:MAX_ITEMS]


def _phone(written: str, country: str | None, kind: str | None) -> Phone:
    number = _parsed(written, country)
    if number is None or not phonenumbers.is_valid_number(number):
        return {"e164": None, "raw": written, "kind": kind or "unknown", "valid": False}
    told = _KINDS.get(phonenumbers.number_type(number), "unknown")
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return {"e164": e164, "raw": written, "kind": kind or told, "valid": True}


def _parsed(written: str, country: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(written, country)
    except phonenumbers.NumberParseException:
        return None
