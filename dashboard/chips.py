"""A filter in words: one chip for each condition, with the address of the same search without it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core import taxonomy
from dashboard import searching

OPERATORS = {
    "eq": "is", "ne": "is not", "in": "is one of", "nin": "is none of", "contains": "contains", "prefix": "begins with",
    "gt": "over", "gte": "at least", "lt": "under", "lte": "at most", "has": "has", "has_any": "has any of",
    "within": "within",
}  # fmt: skip
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Chip:
    """One condition in words; ``without`` is the query string of the search without it."""

    words: str
    without: str


def chips(texts: Mapping[str, str]) -> list[Chip]:
    """Return the conditions of a search; its order is none."""
    return [*_everyday(texts), *_advanced(texts)]


def field_label(name: str) -> str:
    """Return a field's name as people say it."""
    return name.replace("_", " ").removesuffix(" at").capitalize() if name != "id" else "Id"


def _everyday(texts: Mapping[str, str]) -> Iterator[Chip]:
    for name, words in _WORDS.items():
        if texts.get(name):
            left = {key: text for key, text in texts.items() if key != name and (name, key) != ("near", "radius_m")}
            yield Chip(_cut(words(texts[name], texts)), searching.written(left))


def _advanced(texts: Mapping[str, str]) -> Iterator[Chip]:
    document = searching.advanced(texts)
    for name, value in document.items():
        rest = {key: kept for key, kept in document.items() if key != name}
        if not isinstance(value, dict) or name in ("or", "and", "not", "query"):
            yield Chip(_cut(_part(name, value)), searching.written(searching.with_filter(texts, rest)))
            continue
        for operator, operand in value.items():
            left = {key: kept for key, kept in value.items() if key != operator}
            without = {**document, name: left} if left else rest
            words = _cut(_term(name, operator, operand))
            yield Chip(words, searching.written(searching.with_filter(texts, without)))


def _part(name: str, value: Any) -> str:
    if name == "query":
        return f"“{value}”"
    if name == "not":
        return f"not ({_together(value, ' and ')})"
    if name in ("or", "and") and isinstance(value, list):
        return f" {name} ".join(_together(part, " and ") for part in value)
    if isinstance(value, dict):
        return " and ".join(_term(name, operator, operand) for operator, operand in value.items())
    return f"{name} {value}"


def _together(document: Any, between: str) -> str:
    parts = document.items() if isinstance(document, dict) else ()
    return between.join(_part(name, value) for name, value in parts)


def _term(name: str, operator: str, operand: Any) -> str:
    label = field_label(name)
    if operator == "exists":
        return f"{label}: {'known' if operand else 'not known'}"
    if name == "gone":
        return "Gone from the map" if operand else "Still on the map"
    if name == "location":
        return _place(operand)
    shown = ", ".join(map(str, operand)) if isinstance(operand, list) else str(operand)
    if name == "category":
        shown = _categories(shown)
    return f"{label} {OPERATORS.get(operator, operator)} {shown}"


def _place(operand: Any) -> str:
    if isinstance(operand, dict) and "radius_m" in operand:
        return f"Within {distance(operand['radius_m'])} of {operand.get('lat')}, {operand.get('lon')}"
    return "Inside a polygon" if isinstance(operand, dict) and "polygon" in operand else "Inside a rectangle"


def distance(metres: Any) -> str:
    """Return metres in the usual unit."""
    return f"{metres / 1000:g} km" if isinstance(metres, int | float) and metres >= 1000 else f"{metres:g} m"


def _categories(text: str) -> str:
    found = ((part.strip(), taxonomy.get(part.strip())) for part in text.split(","))
    return ", ".join(category.name if category else name for name, category in found)


def _near(text: str, texts: Mapping[str, str]) -> str:
    radius = texts.get("radius_m", "1000")
    shown = distance(float(radius)) if radius.replace(".", "", 1).isdigit() else radius
    return f"Within {shown} of {text.replace(',', ', ')}"


def _has(what: str) -> Callable[[str, Mapping[str, str]], str]:
    return lambda text, _: f"Has {what}" if text == "true" else f"No {what.split(' ', 1)[1]}"


def _cut(words: str) -> str:
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"


_WORDS: dict[str, Callable[[str, Mapping[str, str]], str]] = {
    "query": lambda text, _: f"“{text}”",
    "category": lambda text, _: _categories(text),
    "city": lambda text, _: f"City is {text}",
    "country": lambda text, _: f"Country is {text.upper()}",
    "has_website": _has("a website"),
    "has_phone": _has("a phone"),
    "has_email": _has("an email"),
    "near": _near,
    "bbox": lambda _, __: "In the area on the map",
    "seen_since": lambda text, _: f"Seen since {text[:10]}",
    "gone": lambda text, _: "Gone from the map" if text == "true" else "Still on the map",
}
"""Parameter -> its words, from its text and all texts."""
