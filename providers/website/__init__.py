"""The business's own website as a source: what one page says, what a site says, and which page to read next.

Pure: bytes in, facts out. Fetching is somebody else's work, so the same code reads a live page, an archived one and a
test. ``facts`` has the classes that come out; the other modules are how.
"""

from providers.website.combining import combine
from providers.website.facts import Page, SiteFacts
from providers.website.reading import read_page
from providers.website.visiting import links_to_visit

__all__ = ["Page", "SiteFacts", "combine", "links_to_visit", "read_page"]
