"""From the bytes of one page to everything that can be read in it."""

from providers.website import decoding, document
from providers.website.facts import Page


def read_page(url: str, body: bytes, content_type: str | None = None, country: str | None = None) -> Page:
    """Return everything found in ``body``, an HTML page fetched from ``url`` (absolute, after redirects). Never raises.

    ``content_type`` is the header as sent. ``country`` (ISO 3166-1 alpha-2) is where the business is: local telephone
    numbers are meant there; without it the page's own hints are used. Takes time linear in the size of ``body``.
    """
    country = country or None
    tree = document.parse(decoding.decode(body, content_type))
    title = tree.css_first("title")
    return Page(url, title=title.text(strip=True) if title else None)
