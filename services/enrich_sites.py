"""Which website of a lead is visited, and what makes two addresses one site. Pure.

A site is a page where a visit starts: an address without scheme, ``www.``, final slash and fragment. Branches of a
chain that link to the same page share it; branches with pages of their own do not, for there the branch's own
telephone stands. Politeness counts by host, whatever the sites on it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from core.websites import hostname, kind_of

__all__ = ["Choice", "bare", "choose", "host_key", "hostname", "kind_of", "origin", "site_key"]

MAX_KEY = 200
_INDEX = ("index.html", "index.htm", "index.php", "default.aspx", "default.asp", "index.asp")


@dataclass(frozen=True, slots=True)
class Choice:
    """The website to visit of a lead: ``url`` as the lead has it, ``key`` of its site, ``host`` with its port.

    ``kind`` is ``social``, ``directory`` or ``none`` where there is nothing of the lead's own to visit, else
    ``unknown``.
    """

    kind: str
    url: str | None = None
    key: str | None = None
    host: str = ""


def choose(websites: Sequence[str]) -> Choice:
    """Return the first website of a lead that is its own; without one, what its first one is."""
    kinds = [(kind_of(url), url) for url in websites]
    for kind, url in kinds:
        if kind == "unknown":
            return Choice("unknown", url, site_key(url), host_key(url))
    return Choice(kinds[0][0], kinds[0][1]) if kinds else Choice("none")


def host_key(url: str) -> str:
    """Return what politeness is counted by: the host without ``www.``, and its port unless it is the usual one."""
    name = hostname(url)
    try:
        port = urlsplit(url).port
    except ValueError:
        port = None
    return name[:250] if port in (None, 80, 443) else f"{name[:250]}:{port}"


def site_key(url: str) -> str:
    """Return the same text for addresses that are one site; at most ``MAX_KEY`` characters."""
    parts = urlsplit(url)
    folder, _, last = parts.path.rpartition("/")
    path = folder if last.lower() in _INDEX else parts.path
    key = host_key(url) + path.rstrip("/") + (f"?{parts.query}" if parts.query else "")
    if len(key) <= MAX_KEY:
        return key
    return f"{key[: MAX_KEY - 65]}#{hashlib.sha256(key.encode()).hexdigest()}"


def origin(url: str) -> str:
    """Return scheme and authority of an address: what a robots.txt speaks for (RFC 9309 §2.3)."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def bare(url: str) -> str:
    """Return an address as it is asked for: without fragment."""
    return urlunsplit(urlsplit(url)._replace(fragment=""))
