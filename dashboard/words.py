"""How pages say what leads hold: as template filters."""

from typing import Any
from urllib.parse import urlsplit

from core import taxonomy
from dashboard import chips
from dashboard.frame import pages


@pages.app_template_filter("label")
def label(name: str) -> str:
    """Return a property's name as people say it."""
    return chips.field_label(name)


@pages.app_template_filter("category")
def category_name(category_id: str) -> str:
    """Return what a category is called."""
    found = taxonomy.get(category_id)
    return found.name if found else category_id


@pages.app_template_filter("value")
def value(given: Any) -> str:
    """Return a property's value in one line, as the history tells it."""
    if given is None or given in ([], {}):
        return "nothing"
    if isinstance(given, list):
        return ", ".join(value(each) for each in given)
    if isinstance(given, dict):
        return _of_object(given)
    return str(given)


def _of_object(given: dict[str, Any]) -> str:
    for telling in ("formatted", "e164", "address", "raw", "name"):
        if given.get(telling):
            return str(given[telling])
    return ", ".join(f"{name} {value(each)}" for name, each in given.items() if each is not None)


@pages.app_template_filter("safe_link")
def safe_link(url: str) -> str:
    """Return an address that may be followed; whatever else somebody wrote on a map leads nowhere."""
    return url if url.lower().startswith(("https://", "http://")) else "#"


@pages.app_template_filter("bare")
def bare(url: str) -> str:
    """Return an address as people say it."""
    parts = urlsplit(url)
    return (parts.netloc.removeprefix("www.") + parts.path.rstrip("/")) or url


@pages.app_template_filter("size")
def size(count: int | None) -> str:
    """Return bytes in the unit that suits them."""
    if count is None:
        return ""
    for unit, most in (("B", 10**3), ("kB", 10**6), ("MB", 10**9)):
        if count < most:
            return f"{count / (most / 1000):.3g} {unit}"
    return f"{count / 10**9:.3g} GB"
