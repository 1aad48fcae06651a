"""Conditions on leads as data, and each as SQL for both databases.

A condition is true or false of every lead, never unknown: a value that is not there equals nothing, and ``Not`` turns
false into true. What the search index knows of a condition, ``narrowed`` tells.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from core import taxonomy
from models import base, search, search_terms

Sql = tuple[str, tuple[Any, ...]]


class Bound(Enum):
    """Stands among the values of an SQL expression for the first rank key to look at, or the first one beyond."""

    LOW = 0
    HIGH = 1


Narrowed = tuple[search_terms.Groups, bool]


class Condition(Protocol):
    """What a lead may meet. Columns are named by code, never by a caller."""

    def sql(self) -> Sql:
        """Return an SQL expression on ``lead``, with ``?`` placeholders, and their values."""

    def narrowed(self) -> Narrowed:
        """Return the search that finds every lead that meets this, and whether it finds no other."""


class _Unindexed:
    __slots__ = ()

    def narrowed(self) -> Narrowed:
        return (), False


@dataclass(frozen=True, slots=True)
class OneOf:
    """The column is one of the values, at least one."""

    column: str
    values: tuple[str, ...]

    def sql(self) -> Sql:
        return f"lead.{self.column} IN ({_marks(self.values)})", self.values

    def narrowed(self) -> Narrowed:
        tags = [search_terms.tag(self.column, value) for value in self.values]
        found = tuple(tag for tag in tags if tag)
        return ((found,), True) if len(found) == len(tags) else ((), False)


@dataclass(frozen=True, slots=True)
class Compare:
    """The column stands so to the value; ``operator`` is one of = <> < <= > >=."""

    column: str
    operator: str
    value: str | float | bool

    def sql(self) -> Sql:
        return f"lead.{self.column} {self.operator} ?", (self.value,)

    def narrowed(self) -> Narrowed:
        tag = search_terms.known_tag(self.column)
        return ((tag,),) if tag else (), False


@dataclass(frozen=True, slots=True)
class Contains(_Unindexed):
    """The column has the text in it or, with ``start``, begins with it."""

    column: str
    text: str
    start: bool = False

    def sql(self) -> Sql:
        escaped = "".join("!" + character if character in "!%_" else character for character in self.text)
        return f"lead.{self.column} LIKE ? ESCAPE '!'", (f"{escaped}%" if self.start else f"%{escaped}%",)


@dataclass(frozen=True, slots=True)
class Known:
    """The column is not null."""

    column: str

    def sql(self) -> Sql:
        return f"lead.{self.column} IS NOT NULL", ()

    def narrowed(self) -> Narrowed:
        tag = search_terms.known_tag(self.column)
        return (((tag,),), True) if tag else ((), False)


@dataclass(frozen=True, slots=True)
class Has:
    """The lead has, or lacks, one of ``models.search_terms.PRESENCE``."""

    what: str
    there: bool

    def sql(self) -> Sql:
        return f"lead.has_{self.what} = ?", (self.there,)

    def narrowed(self) -> Narrowed:
        return ((search_terms.presence_tag(self.what, self.there),),), True


@dataclass(frozen=True, slots=True)
class Holds:
    """The JSON column holds one of the values, whatever their ASCII case.

    ``member`` says what is compared: a member of each object in a list, nothing for the texts of a list themselves,
    or ``*`` for the keys of an object.
    """

    column: str
    member: str
    values: tuple[str, ...]

    def sql(self) -> Sql:
        items, value = (_json_each if base.is_sqlite() else _jsonb_each)(f"lead.{self.column}", self.member)
        lowered = tuple(value.encode().lower().decode() for value in self.values)
        query = ("SELECT 1 FROM", items, f"WHERE lower({value}) IN ({_marks(self.values)})")
        return f"EXISTS ({' '.join(query)})", lowered

    def narrowed(self) -> Narrowed:
        tags = [search_terms.member_tag(self.column, value) for value in self.values]
        found = tuple(tag for tag in tags if tag)
        return ((found,) if found and len(found) == len(tags) else ()), False


@dataclass(frozen=True, slots=True)
class Under:
    """The category is one of these, at least one, or lies below one."""

    categories: tuple[str, ...]

    def sql(self) -> Sql:
        every = sorted({below for category in self.categories for below in taxonomy.descendants(category)})
        return f"lead.category IN ({_marks(every)})", tuple(every)

    def narrowed(self) -> Narrowed:
        return (tuple(search_terms.category_tag(category) for category in self.categories),), True


@dataclass(frozen=True, slots=True)
class Words:
    """The lead is found by every word, the last one as a prefix; by none if there is no word."""

    text: str

    def narrowed(self) -> Narrowed:
        groups = search_terms.words(self.text)
        return groups, bool(groups)

    def sql(self) -> Sql:
        groups = search_terms.words(self.text)
        if not groups:
            return _FALSE
        found, values = search.matching(groups, (Bound.LOW, Bound.HIGH))
        # the plus keeps the set from being walked: what asks for this walks the leads in another order
        return f"+lead.rank_key IN ({found})", values

    def said(self) -> Sql:
        """Return the same asked of one lead after the other: where few are asked, that is less than to find all."""
        groups = search_terms.words(self.text)
        return search.said(groups) if groups else _FALSE


@dataclass(frozen=True, slots=True)
class All(_Unindexed):
    """Every part is met."""

    parts: tuple[Condition, ...]

    def sql(self) -> Sql:
        return joined(" AND ", [part.sql() for part in self.parts]) if self.parts else _TRUE


@dataclass(frozen=True, slots=True)
class AnyOf(_Unindexed):
    """At least one part is met."""

    parts: tuple[Condition, ...]

    def sql(self) -> Sql:
        return joined(" OR ", [part.sql() for part in self.parts]) if self.parts else _FALSE


@dataclass(frozen=True, slots=True)
class Not(_Unindexed):
    """The part is not met."""

    part: Condition

    def sql(self) -> Sql:
        text, values = self.part.sql()
        return f"({text}) IS NOT TRUE", values


_TRUE: Sql = ("1 = 1", ())
_FALSE: Sql = ("1 = 0", ())


def joined(word: str, parts: Iterable[Sql]) -> Sql:
    """Return the expressions, at least one, joined by `` AND `` or `` OR ``."""
    texts, values = zip(*parts, strict=True)
    return word.join(f"({text})" for text in texts), tuple(value for part in values for value in part)


def bound(expression: Sql, bounds: tuple[int, int]) -> Sql:
    """Return the expression for an account, or a part of its leads: the rank keys from, and up to."""
    text, values = expression
    return text, tuple(bounds[value.value] if isinstance(value, Bound) else value for value in values)


def _marks(values: Iterable[str]) -> str:
    return ", ".join("?" for _ in values)


def _json_each(column: str, member: str) -> tuple[str, str]:
    value = {"": "item.value", "*": "item.key"}.get(member, f"json_extract(item.value, '$.{member}')")
    return f"json_each({column}) AS item", value


def _jsonb_each(column: str, member: str) -> tuple[str, str]:
    """Lower case as in the C locale touches ASCII alone, as on SQLite."""
    if member == "*":
        return f"jsonb_object_keys(CAST({column} AS jsonb)) AS item (key)", 'item.key COLLATE "C"'
    if member == "":
        return f"jsonb_array_elements_text(CAST({column} AS jsonb)) AS item (value)", 'item.value COLLATE "C"'
    return (
        f"jsonb_array_elements(CAST({column} AS jsonb)) AS item (value)",
        f"(item.value ->> '{member}') COLLATE \"C\"",
    )
