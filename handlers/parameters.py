"""Reads parameters exactly as the contract writes them.

Python's ``int()`` and ``float()`` take ``1_0``, Arabic digits, blanks and ``nan``; a client that sends those is
mistaken, and is told.
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from core.errors import Violation
from handlers.violations import Check, shown, type_words, unknown

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
_BOOLEANS = {"true": True, "false": False}
_LONGEST_WHOLE = 20  # digits; beyond them a number is out of every bound, whatever the rest says
_BEYOND = 10**_LONGEST_WHOLE
NOTHING = object()


class Unreadable(Exception):
    """The text is no value of the type at all."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of one operation. ``kind`` is its JSON type, ``item_kind`` that of a list's items."""

    where: str
    name: str
    kind: str
    item_kind: str
    required: bool
    explode: bool
    default: Any
    check: Check

    @property
    def argument(self) -> str:
        """The name under which a handler takes it."""
        return self.name.lower().replace("-", "_")

    def read(self, texts: list[str]) -> tuple[Any, list[Violation]]:
        """Return the value and everything that is wrong with it; NOTHING if it was not sent."""
        if not texts:
            missing = [Violation(self.where, self.name, "missing", "is required")] if self.required else []
            return self.default, missing
        if len(texts) > 1 and not self.explode:
            return NOTHING, [Violation(self.where, self.name, "duplicate", "must be given only once")]
        try:
            value = self._value(texts)
        except Unreadable as error:
            return NOTHING, [Violation(self.where, self.name, "wrong_type", str(error))]
        if self.check.is_valid(value):
            return value, []
        return NOTHING, self.check.parameter(self.where, self.name, value)

    def _value(self, texts: list[str]) -> Any:
        if self.kind != "array":
            return parse(self.kind, texts[0])
        parts = texts if len(texts) > 1 else texts[0].split(",") if texts[0] else []
        return [_item(self.item_kind, place, part) for place, part in enumerate(parts, 1)]


def parse(kind: str, text: str) -> Any:
    """Return the value of JSON type ``kind`` that ``text`` is; raise Unreadable."""
    if kind == "string":
        return text
    if kind == "integer" and _WHOLE.fullmatch(text):
        return int(text) if len(text) <= _LONGEST_WHOLE else -_BEYOND if text.startswith("-") else _BEYOND
    if kind == "number" and _NUMBER.fullmatch(text):
        return max(-1e300, min(1e300, float(text)))  # 1e999 is a number beyond every bound, not infinity
    if kind == "boolean" and text in _BOOLEANS:
        return _BOOLEANS[text]
    raise Unreadable(f"must be {type_words([kind])}")


def query_pairs(raw: bytes) -> list[tuple[str, str]]:
    """Split a query string; raise UnicodeDecodeError where it is not UTF-8."""
    return [
        (_text(name), _text(value)) for name, _, value in (part.partition(b"=") for part in raw.split(b"&") if part)
    ]


def read_query(raw: bytes, parameters: tuple[Parameter, ...]) -> tuple[dict[str, Any], list[Violation]]:
    """Return the arguments in a query string and everything that is wrong with it."""
    try:
        pairs = query_pairs(raw) if raw else []
    except UnicodeDecodeError:
        return {}, [Violation("query", "query string", "wrong_format", "must be percent-encoded UTF-8")]
    sent: dict[str, list[str]] = {}
    for name, value in pairs:
        sent.setdefault(name, []).append(value)
    arguments, problems = read_named(parameters, sent)
    known = [parameter.name for parameter in parameters]
    problems += [
        Violation("query", shown(name), "unknown", unknown("parameter", name, known))
        for name in sent
        if name not in known
    ]
    return arguments, problems


def read_named(parameters: tuple[Parameter, ...], sent: dict[str, list[str]]) -> tuple[dict[str, Any], list[Violation]]:
    """Return the arguments among the texts that were sent by parameter name, and all that is wrong with them."""
    arguments: dict[str, Any] = {}
    problems: list[Violation] = []
    for parameter in parameters:
        value, wrong = parameter.read(sent.get(parameter.name, []))
        problems += wrong
        if value is not NOTHING:
            arguments[parameter.argument] = value
    return arguments, problems


def _item(kind: str, place: int, text: str) -> Any:
    try:
        return parse(kind, text)
    except Unreadable as error:
        raise Unreadable(f"item {place} {error}") from None


def _text(raw: bytes) -> str:
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode()
