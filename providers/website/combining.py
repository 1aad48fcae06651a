"""From the pages of a site to what the site says, the best first."""

from collections.abc import Iterable

from providers.website.facts import Page, SiteFacts


def combine(pages: Iterable[Page]) -> SiteFacts:
    """Return what the pages of one site say together; the first page is the one the site was entered by.

    One value found in several places is one entry with all the evidence. Ranked by confidence; a value found on a
    contact or legal page, or on several pages, comes before one that was found once in passing.
    """
    return SiteFacts(pages_read=tuple(page.url for page in pages))
