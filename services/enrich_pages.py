"""What an answer of a website means, and where else to ask. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from core.http import Response
from providers.website import SiteFacts

_MARKUP = ("text/html", "application/xhtml+xml", "application/xml", "text/xml")
_CHALLENGES = ("cf-mitigated", "x-sucuri-block", "x-datadome")
_LOC = re.compile(rb"<loc>\s*(?:<!\[CDATA\[)?\s*(https?://[^<\s\]]{1,2000})", re.IGNORECASE)
_MAX_LOCS = 5_000


def other_ways(url: str) -> list[str]:
    """Return how else a page may be had, unless its address names a port: by the other scheme, the other name."""
    parts = urlsplit(url)
    if parts.port is not None or parts.hostname is None:
        return []
    scheme = "https" if parts.scheme == "http" else "http"
    name = parts.netloc.removeprefix("www.") if parts.netloc.startswith("www.") else f"www.{parts.netloc}"
    return [urlunsplit(parts._replace(scheme=scheme)), urlunsplit(parts._replace(netloc=name))]


def helps(kind: str, url: str, other: str) -> bool:
    """Tell whether another way may work where the first one failed like this."""
    same_name = urlsplit(url).netloc == urlsplit(other).netloc
    return kind in ("connect", "tls", "reset", "timeout") if same_name else kind == "dns"


def refusal(answer: Response) -> tuple[str, str | None]:
    """Return which status an answer that is no page to read stands for, and why; ("", None) for a page."""
    if answer.status in (401, 403, 407, 429, 451) or any(sign in answer.headers for sign in _CHALLENGES):
        return "blocked", f"the website answered with {answer.status}"
    if answer.status == 503 and "retry-after" in answer.headers:
        return "blocked", "the website asked to come back later"
    if answer.status != 200:
        return "unreachable", f"the website answered with {answer.status}"
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in _MARKUP or (kind in ("", "text/plain") and _looks_like_markup(answer.body)):
        return "", None
    return "not_html", f"the website answered with {kind or 'no type'}"


def _looks_like_markup(body: bytes) -> bool:
    start = body[:1024].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<!--", b"<\x00"))


def conditions(page: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the headers that ask for a page only if it changed (RFC 9110 §13.1)."""
    known = page or {}
    made = {"if-none-match": known.get("etag"), "if-modified-since": known.get("last_modified")}
    return {name: value for name, value in made.items() if value}


def validators(answer: Response) -> dict[str, Any]:
    """Return what the next visit asks with."""
    etag, moment = answer.headers.get("etag"), answer.headers.get("last-modified")
    kept = [
        value if value and len(value) <= 200 and value.isascii() and value.isprintable() else None
        for value in (etag, moment)
    ]
    return {"url": answer.final_url, "etag": kept[0], "last_modified": kept[1]}


def says_something(facts: SiteFacts) -> bool:
    """Tell whether a site gave anything to write to, to call, or to know about the business."""
    return any((facts.emails, facts.phones, facts.profiles, facts.hours, facts.legal_ids, facts.has_contact_form))


def elsewhere(url: str, kind: str) -> SiteFacts:
    """Return what is known of a website that only leads to somebody else's platform."""
    if kind == "social":
        return SiteFacts(url=url, status="social_only", kind="social", https=url.startswith("https:"))
    return SiteFacts(url=url, status="ok", kind="directory", https=url.startswith("https:"))


def sitemap_urls(body: bytes) -> list[str]:
    """Return the addresses in a sitemap, of which anything may be broken."""
    found = (match[1].decode("utf-8", "replace").replace("&amp;", "&") for match in _LOC.finditer(body))
    return [url for url, _ in zip(found, range(_MAX_LOCS), strict=False)]


def first_of(values: Sequence[Any]) -> Any:
    """Return the value of the likeliest finding, None if there is none."""
    return values[0].value if values else None
