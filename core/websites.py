"""Whose website an address is, as far as the address alone tells. Pure; never raises."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from core import links

_DIRECTORIES = """
    booking.com tripadvisor.com tripadvisor.de tripadvisor.fr yelp.com foursquare.com google.com goo.gl g.page
    business.site opentable.com thefork.com wolt.com foodora.fi ubereats.com just-eat.com lieferando.de fonecta.fi
    finder.fi eniro.fi gelbeseiten.de pagesjaunes.fr paginegialle.it yellowpages.com airbnb.com hotels.com expedia.com
    linktr.ee wikipedia.org wikidata.org openstreetmap.org
"""
_ON_DIRECTORIES = frozenset(_DIRECTORIES.split())
_OWN = frozenset(("sites.google.com",))  # on a directory's domain, but somebody's own


def hostname(url: str) -> str:
    """Return the host of an address in lower case without ``www.``; empty if it has none."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.").rstrip(".")
    except ValueError:
        return ""


def kind_of(url: str) -> str:
    """Return ``social`` or ``directory`` for an address on somebody else's platform, else ``unknown``."""
    host = hostname(url)
    if links.platform_of(f"http://{host}/"):
        return "social"
    labels = host.split(".")
    domains = {".".join(labels[start:]) for start in range(len(labels) - 1)}
    return "directory" if domains & _ON_DIRECTORIES and host not in _OWN else "unknown"


def kind_of_all(urls: Sequence[str]) -> str:
    """Return ``unknown`` if any address may be a business's own, else what the first one is; ``none`` without any."""
    kinds = [kind_of(url) for url in urls]
    return "unknown" if "unknown" in kinds else kinds[0] if kinds else "none"
