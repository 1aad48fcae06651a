"""Where a page is from: its languages, and the countries in which its local numbers are probably meant."""

import re
from collections.abc import Iterable, Sequence

from selectolax.lexbor import LexborHTMLParser

from core import zones
from providers.website.document import attribute
from providers.website.emails import host_of

_TAG = re.compile(r"([a-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}))?(?:[-_].*)?", re.IGNORECASE)
_HOME = {
    "fi": "FI", "sv": "SE", "nb": "NO", "nn": "NO", "no": "NO", "da": "DK", "de": "DE", "fr": "FR", "es": "ES",
    "it": "IT",
    "nl": "NL", "pl": "PL", "et": "EE", "lv": "LV", "lt": "LT", "pt": "PT", "cs": "CZ", "sk": "SK", "hu": "HU",
    "el": "GR",
    "ja": "JP", "ko": "KR", "is": "IS", "hr": "HR", "sl": "SI", "ro": "RO", "bg": "BG", "tr": "TR", "ru": "RU",
    "uk": "UA",
    "ca": "ES", "eu": "ES", "gl": "ES", "ga": "IE", "he": "IL", "zh": "CN",
}  # fmt: skip
"""The country most pages in a language are from, where that is a fair guess; English is from everywhere."""
_TLDS = {"uk": "GB", "su": "RU"}
_GENERIC = frozenset(
    {"co", "me", "io", "tv", "ai", "cc", "ws", "to", "ly", "gl", "fm", "am", "is.gd", "nu", "la", "sh", "gg", "im"}
)
"""Countries' domains that anybody uses."""
MAX_LANGUAGES = 40


def languages(tree: LexborHTMLParser) -> tuple[str, ...]:
    """Return the page's language and those of its translations as BCP 47 tags, each once."""
    root = tree.css_first("html")
    tags = [attribute(root, "lang") or attribute(root, "xml:lang")] if root else []
    tags += [attribute(node, "content") for node in tree.css('meta[http-equiv="content-language" i]')[:3]]
    if not any(tags):
        tags += [attribute(node, "content") for node in tree.css('meta[property="og:locale"]')[:1]]
    tags += [attribute(node, "hreflang") for node in tree.css("link[hreflang]")[:100]]
    known = [tag for raw in tags for part in raw.split(",") if (tag := _tag(part))]
    return tuple(dict.fromkeys(known))[:MAX_LANGUAGES]


def of_page(url: str, country: str | None, tags: Sequence[str], stated: Iterable[str]) -> list[str]:
    """Return the countries in which a page's local numbers may be meant, the likeliest first.

    ``country``, where the business is, is the only one if known: a number that is none there is not one elsewhere by
    chance. ``tags`` are the page's languages, ``stated`` the countries of its addresses.
    """
    if country and zones.is_country(country.upper()):
        return [country.upper()]
    last = host_of(url).rpartition(".")[2]
    by_domain = "" if last in _GENERIC else _TLDS.get(last, last.upper())
    own = tags[0] if tags else ""
    by_region = own[-2:] if re.fullmatch(r".*-[A-Z]{2}", own) else ""
    found = [*stated, by_domain, by_region, _HOME.get(own.partition("-")[0], "")]
    return [code for code in dict.fromkeys(found) if zones.is_country(code)]


def _tag(raw: str) -> str | None:
    hit = _TAG.fullmatch(raw.strip()[:35])
    if not hit or raw.strip().lower() == "x-default":
        return None
    parts = [hit[1].lower(), hit[2].title() if hit[2] else "", hit[3].upper() if hit[3] else ""]
    return "-".join(part for part in parts if part)
