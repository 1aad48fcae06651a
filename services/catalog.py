"""What can be asked for; the same for every account."""

import functools

from core import cursor, taxonomy, text
from core.taxonomy import Category
from services import pages
from services.accounts import Caller
from services.pages import Page
from services.places import SourceInfo
from services.places import sources as sources_of_places


def categories(caller: Caller, query: str | None, parent: str | None, limit: int, after: str | None) -> Page:
    """Return a page of the categories below ``parent`` that have every word of ``query`` in a name or synonym.

    The taxonomy is in memory and small, so the plan's rows a page do not apply. Raise InvalidCursor.
    """
    binding = f"{caller.account_id} list_categories {query} {parent}"
    start = cursor.decode(pages.secret(), binding, after)[0] if after else 0
    wanted = text.tokens(query) if query is not None else []
    among = (category for category in taxonomy.all_categories() if parent is None or category.parent == parent)
    found = [category for category in among if _has(category.id, wanted)]
    more = start + limit < len(found)
    return Page(found[start : start + limit], cursor.encode(pages.secret(), binding, [start + limit]) if more else None)


def sources() -> list[SourceInfo]:
    """Return the data sets in the catalogue with their age, size and licence."""
    return sources_of_places()


def _has(category_id: str, wanted: list[str]) -> bool:
    words = _words()[category_id]
    return all(f" {token}" in words for token in wanted)


@functools.cache
def _words() -> dict[str, str]:
    """Return the words of each category, by id, each after a space. Finding them takes longer than comparing."""
    return {category.id: " " + " ".join(text.tokens(_said(category))) for category in taxonomy.all_categories()}


def _said(category: Category) -> str:
    local = (word for words in category.local.values() for word in words)
    return " ".join((category.id, category.name, *category.terms, *local))
