"""What kinds of business there are, what people call them, and which map tags mean them.

Reads ``data/categories.json``, derived from OpenStreetMap's tagging presets by ``data/make_taxonomy.py``.
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from core import text

FILE = Path(__file__).resolve().parent.parent / "data" / "categories.json"
KEYS = ("amenity", "shop", "healthcare", "tourism", "craft", "leisure", "education", "club", "office")
"""Keys that make an object a business; where one object has several, the earlier key says what it is."""

Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Category:
    """One kind of business. ``path`` leads from its top group to itself; ``terms`` are other English words for it."""

    id: str
    name: str
    parent: str | None
    path: tuple[str, ...]
    terms: tuple[str, ...]
    local: Mapping[str, tuple[str, ...]] = field(repr=False)
    """Language -> names and words, the usual name first."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """Tags that mean a category: ``value`` of one of KEYS, and everything in ``others``."""

    category: str
    others: tuple[tuple[str, str], ...]

    def fits(self, tags: Tags) -> bool:
        return all(value in _split(tags.get(key, "")) for key, value in self.others)

    def places_of(self, tags: Tags) -> list[int]:
        """Where in their lists the values stand: ``cuisine=pizza;burger`` is a pizza place first."""
        return [_split(tags[key]).index(value) for key, value in self.others]


@dataclass(frozen=True, slots=True)
class _Taxonomy:
    categories: dict[str, Category]
    members: dict[str, frozenset[str]]
    rules: dict[tuple[str, str], list[_Rule]]
    not_business: frozenset[tuple[str, str]]


def get(category_id: str) -> Category | None:
    """Return the category, or None if there is none of that id."""
    return _load().categories.get(category_id)


def all_categories() -> tuple[Category, ...]:
    """Return every category, each group before its members."""
    return tuple(_load().categories.values())


def all_ids() -> tuple[str, ...]:
    """Return the id of every category."""
    return tuple(_load().categories)


def descendants(category_id: str) -> frozenset[str]:
    """Return the ids of a category and everything below it; empty if there is none of that id."""
    return _load().members.get(category_id, frozenset())


def path(category_id: str) -> tuple[str, ...]:
    """Return the ids from the top group down to the category; empty if there is none of that id."""
    category = get(category_id)
    return category.path if category else ()


def search_terms(category_id: str) -> tuple[str, ...]:
    """Return what people call the category: English name and words, then its name in each other language."""
    category = get(category_id)
    if category is None:
        return ()
    names = [words[0] for words in category.local.values()]
    return tuple(dict.fromkeys([category.name, *category.terms, *names]))


def closest(word: str) -> str | None:
    """Return the id of the category somebody most likely meant by ``word``, in any of the languages, or None."""
    wanted = text.fold(word.strip())
    known = _words()
    return known.get(wanted) or text.closest(wanted.replace(" ", "_"), all_ids())


def match(tags: Tags) -> str | None:
    """Return the category that OpenStreetMap ``tags`` mean, or None if they are no business.

    The most specific description wins, then the earlier key of KEYS. A value nobody has described counts as
    a business of the key's ``other_...`` kind.
    """
    known = _load()
    found = [
        (-len(rule.others), order, rule.places_of(tags), rule.category)
        for order, tag in enumerate(_values(tags))
        for rule in known.rules.get(tag, ())
        if rule.fits(tags)
    ]
    if found:
        return min(found)[-1]
    undescribed = (key for key, value in _values(tags) if (key, value) not in known.not_business)
    return next((known.rules[key, "*"][0].category for key in undescribed), None)


def _values(tags: Tags) -> Iterator[tuple[str, str]]:
    return ((key, value) for key in KEYS if key in tags for value in _split(tags[key]))


def _split(text: str) -> list[str]:
    return [part.strip().lower() for part in text.split(";") if part.strip()]


@functools.cache
def _load() -> _Taxonomy:
    document = orjson.loads(FILE.read_bytes())
    entries = {entry["id"]: entry for entry in document["categories"]}
    categories = {entry_id: _category(entry_id, entries) for entry_id in entries}
    return _Taxonomy(
        categories=categories,
        members=_members(categories),
        rules=_rules(document["categories"]),
        not_business=frozenset((key, value) for key, values in document["not_business"].items() for value in values),
    )


def _category(entry_id: str, entries: dict[str, Any]) -> Category:
    entry = entries[entry_id]
    path = [entry_id]
    while parent := entries[path[0]]["parent"]:
        path.insert(0, parent)
    local = {language: tuple(words) for language, words in entry["local"].items()}
    return Category(entry_id, entry["name"], entry["parent"], tuple(path), tuple(entry["terms"]), local)


def _members(categories: dict[str, Category]) -> dict[str, frozenset[str]]:
    members: dict[str, set[str]] = {}
    for category in categories.values():
        for ancestor in category.path:
            members.setdefault(ancestor, set()).add(category.id)
    return {ancestor: frozenset(ids) for ancestor, ids in members.items()}


def _rules(entries: list[dict[str, Any]]) -> dict[tuple[str, str], list[_Rule]]:
    rules: dict[tuple[str, str], list[_Rule]] = {}
    for entry in entries:
        for tags in entry["tags"]:
            key = next((key for key in KEYS if key in tags), None)
            if key:
                others = tuple((other, value) for other, value in tags.items() if other != key)
                rules.setdefault((key, tags[key]), []).append(_Rule(entry["id"], others))
    return rules


@functools.cache
def _words() -> dict[str, str]:
    """Every word for a category, lower case -> its id: ids first, then names, then looser words."""
    words: dict[str, str] = {}
    categories = all_categories()
    for category in categories:
        words.setdefault(category.id, category.id)
        words.setdefault(category.id.replace("_", " "), category.id)
    names = [(name, category.id) for category in categories for name in search_terms(category.id)]
    loose = [(word, category.id) for category in categories for said in category.local.values() for word in said]
    for word, category_id in names + loose:
        words.setdefault(text.fold(word), category_id)
    return words
