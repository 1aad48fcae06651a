"""What a lead is found by: the words it says, and tags that stand for its other properties. Pure.

Tags hold an underscore, and ``core.text.tokens`` gives no word that does: nobody can type one.
"""

import functools
import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from core import contacts, taxonomy, text

Groups = Sequence[tuple[str, ...]]
"""A search: of every group at least one token must be there. A token ending in ``*`` is a prefix."""

PRESENCE = ("phone", "email", "website", "social", "opening_hours")
"""What a lead may have or lack: its ``has_...`` columns."""

MAX_KEY_BYTES = 300
"""So that a sort key fits into a page cursor; no known source has longer names."""

_TAGGED = {"city_key": "city", "country": "in", "stage": "s", "website_kind": "w"}
_USUAL = {"stage": "new", "website_kind": "unknown"}  # what nearly every lead has narrows nothing
_SELDOM_KNOWN = ("rating", "review_count")
_CELL_LEVELS = (17, 14, 11, 8)
"""A cell of level n is 360 / 2**n degrees wide and half as high: 150 m, 1.2 km, 10 km and 78 km high."""
_MOST_CELLS = 64


def terms(lead: Mapping[str, Any]) -> str:
    """Return the words and tags by which a lead, given as its columns, is found, joined by spaces."""
    texts = [lead["name"], *lead["names"].values(), *lead["alt_names"], *lead["tags"]]
    texts += filter(None, (lead[name] for name in ("brand", "operator", "street", "district", "city", "postcode")))
    said = (word for value in texts for word in _tokens(value))
    return " ".join(dict.fromkeys([*said, *_category_terms(lead["category"]), *_tags(lead)]))


def key(value: str) -> str:
    """Return what is compared and sorted of a text: its folded words, at most ``MAX_KEY_BYTES`` of them."""
    return " ".join(_tokens(value)).encode()[:MAX_KEY_BYTES].decode(errors="ignore")


def words(query: str) -> Groups:
    """Return the search for what a person typed: every word, the last one as a prefix; [] if there is no word."""
    found = text.tokens(query)
    return [*((word,) for word in dict.fromkeys(found[:-1])), (found[-1] + "*",)] if found else []


def tag(column: str, value: str) -> str | None:
    """Return the tag of leads whose column has this value; None if there is no such tag.

    Only words make one: anything else would be several words to the full-text index.
    """
    if column not in _TAGGED or value == _USUAL.get(column):
        return None
    return _word_tag(_TAGGED[column], value)


def member_tag(column: str, value: str) -> str | None:
    """Return the tag of leads whose list in the column holds this value, whatever its case; None as in ``tag``.

    What ``value`` finds may be a little more: the tag of texts that differ in more than ASCII case can be the same.
    """
    makes = _MEMBERS.get(column)
    return makes(value) if makes else None


def email_tag(address: str) -> str:
    """Return the tag of leads with this email address."""
    return f"e_{_digest(contacts.email(address))}"


def phone_tag(e164: str) -> str | None:
    """Return the tag of leads with this telephone number; None for what is no number."""
    digits = e164.removeprefix("+")
    return f"p_{digits}" if digits.isascii() and digits.isdigit() and len(digits) <= text.MAX_TOKEN else None


def domain_tag(domain: str) -> str:
    """Return the tag of leads with a website or an email address of this domain, or below it."""
    return f"w_{_digest(domain)}"


def _digest(value: str) -> str:
    return hashlib.blake2b(value.encode(), digest_size=10).hexdigest()


def _word_tag(prefix: str, value: str) -> str | None:
    parts = tuple(value.lower().split(" "))
    if not 0 < len(value) <= text.MAX_TOKEN or parts != _tokens(value.lower()):
        return None
    return f"{prefix}_{'_'.join(parts)}"


def category_tag(category: str) -> str:
    """Return the tag of leads of a category or of one below it."""
    return f"c_{category}"


def presence_tag(name: str, there: bool) -> str:
    """Return the tag of leads that have, or lack, one of ``PRESENCE``."""
    return f"{'has' if there else 'no'}_{name}"


def known_tag(column: str) -> str | None:
    """Return the tag of leads that have a value in a column that few have; None for other columns."""
    return f"known_{column}" if column in _SELDOM_KNOWN else None


def cells(boxes: Iterable[tuple[float, float, float, float]]) -> tuple[str, ...] | None:
    """Return the tags of few cells that cover the (west, south, east, north) boxes; None if they are too large."""
    found = list(boxes)
    for level in _CELL_LEVELS:
        ranges = [(*_cell(south, west, level), *_cell(north, east, level)) for west, south, east, north in found]
        if sum((x2 - x1 + 1) * (y2 - y1 + 1) for x1, y1, x2, y2 in ranges) <= _MOST_CELLS:
            covered = ((x, y) for x1, y1, x2, y2 in ranges for x in range(x1, x2 + 1) for y in range(y1, y2 + 1))
            return tuple(dict.fromkeys(_cell_tag(level, x, y) for x, y in covered))
    return None


@functools.lru_cache(maxsize=16_384)
def _tokens(value: str) -> tuple[str, ...]:
    """Streets, cities and brands come again and again."""
    return tuple(text.tokens(value))


_MEMBERS: dict[str, Callable[[str], str | None]] = {
    "tags": functools.partial(_word_tag, "t"),
    "emails": email_tag,
    "phones": phone_tag,
}


@functools.cache
def _category_terms(category: str) -> tuple[str, ...]:
    path = taxonomy.path(category) or (category,)
    said = (word for part in path for term in taxonomy.search_terms(part) for word in _words(part, term, path))
    return tuple(dict.fromkeys([*said, *map(category_tag, path)]))


def _words(part: str, term: str, path: tuple[str, ...]) -> list[str]:
    """Return the words of ``term`` that find a business of this kind.

    A word that is the very name of another kind does not: a restaurant, a pub and a shop for coffee are no ``cafe``,
    whatever synonyms and other languages say. A kind's own name always does.
    """
    known = taxonomy.get(part)
    words = text.tokens(term)
    if known is not None and term == known.name:
        return words
    return [word for word in words if not _names().get(word, frozenset(path)).isdisjoint(path)]


@functools.cache
def _names() -> dict[str, frozenset[str]]:
    """English name of one word, folded -> the categories of that name."""
    names: dict[str, frozenset[str]] = {}
    for category in taxonomy.all_categories():
        name = text.fold(category.name)
        names[name] = names.get(name, frozenset()) | {category.id}
    return names


def _tags(lead: Mapping[str, Any]) -> list[str]:
    found = [tag(column, lead[column] or "") for column in _TAGGED]
    found += [member_tag("tags", value) for value in lead["tags"]]
    found += [email_tag(address) for address in lead["emails"]]
    found += [phone_tag(phone["e164"] or "") for phone in lead["phones"]]
    found += sorted(map(domain_tag, contacts.domains(lead["websites"], lead["emails"])))
    there = {name: bool(lead[f"has_{name}"]) for name in PRESENCE}
    return [
        *filter(None, found),
        *(presence_tag(name, value) for name, value in there.items()),
        *(f"known_{column}" for column in _SELDOM_KNOWN if lead[column] is not None),
        *(_cell_tag(level, *_cell(lead["lat"], lead["lon"], level)) for level in _CELL_LEVELS),
    ]


def _cell(lat: float, lon: float, level: int) -> tuple[int, int]:
    size = 1 << level
    x, y = math.floor((lon + 180) / 360 * size), math.floor((lat + 90) / 180 * size)
    return min(max(x, 0), size - 1), min(max(y, 0), size - 1)


def _cell_tag(level: int, x: int, y: int) -> str:
    return f"g{level}_{x}_{y}"
