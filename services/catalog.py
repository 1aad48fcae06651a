"""What can be asked for; the same for every account."""

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
    found = [category for category in taxonomy.all_categories() if _matches(category, query, parent)]
    more = start + limit < len(found)
    return Page(found[start : start + limit], cursor.encode(pages.secret(), binding, [start + limit]) if more else None)


def sources() -> list[SourceInfo]:
    """Return the data sets in the catalogue with their age, size and licence."""
    return sources_of_places()


def _matches(category: Category, query: str | None, parent: str | None) -> bool:
    if parent is not None and category.parent != parent:
        return False
    if query is None:
        return True
    known = text.tokens(" ".join([category.id, *_words(category)]))
    return all(any(word.startswith(token) for word in known) for token in text.tokens(query))


def _words(category: Category) -> list[str]:
    return [category.name, *category.terms, *(word for words in category.local.values() for word in words)]
