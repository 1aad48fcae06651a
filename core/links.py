"""Web addresses and social profiles as people type them, brought to one absolute form. Pure; never raises."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, quote, urlsplit

from core import normalize, phones

MAX_URL = 2083
_HANDLE = re.compile(r"@?([\w](?:[\w.-]{0,98}[\w])?)", re.ASCII)
_PATH = re.compile(r"(?:company|in|school|showcase|pages|groups|channel|user|c)/[\w.@-]{1,100}/?", re.ASCII)
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PORTS = {"http": 80, "https": 443}
_SCHEME = re.compile(r"(https?):?/*(?=[^/])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Platform:
    """Where a platform's profiles live: registrable domains, the usual form of its URLs, and kept query keys."""

    domains: tuple[str, ...]
    profile: str
    short: tuple[str, ...] = ()
    query: tuple[str, ...] = ()


PLATFORMS = {
    "facebook": _Platform(
        ("facebook.com", "fb.com"), "https://www.facebook.com/{}", ("fb.me", "fb.watch"), ("id", "story_fbid")
    ),
    "instagram": _Platform(("instagram.com",), "https://www.instagram.com/{}", ("instagr.am",)),
    "linkedin": _Platform(("linkedin.com",), "https://www.linkedin.com/company/{}", ("lnkd.in",)),
    "x": _Platform(("x.com", "twitter.com"), "https://x.com/{}"),
    "youtube": _Platform(("youtube.com",), "https://www.youtube.com/@{}", ("youtu.be",), ("v", "list")),
    "tiktok": _Platform(("tiktok.com",), "https://www.tiktok.com/@{}"),
    "pinterest": _Platform(("pinterest.com",), "https://www.pinterest.com/{}", ("pin.it",)),
    "threads": _Platform(("threads.com", "threads.net"), "https://www.threads.com/@{}"),
    "whatsapp": _Platform(("whatsapp.com",), "https://wa.me/{}", ("wa.me",), ("phone",)),
    "telegram": _Platform(("t.me", "telegram.me"), "https://t.me/{}"),
}


_DOMAINS = {domain: platform for platform, known in PLATFORMS.items() for domain in (*known.domains, *known.short)}


def is_link(raw: str) -> bool:
    """Tell whether somebody wrote a web address where something else was asked for."""
    written = raw.strip().lower()
    return written.startswith(("http:", "https:", "www."))


def websites(raw: str) -> list[str]:
    """Return the web addresses in ``raw`` in order; what cannot be one is left out."""
    parts = re.split(r";|,(?=\s|https?:|www\.)|\s+(?=https?:|www\.)", raw)
    return list(dict.fromkeys(filter(None, map(website, parts))))[: normalize.MAX_ITEMS]


def website(raw: str) -> str | None:
    """Return one absolute http or https URL in ASCII (RFC 3986), or None if ``raw`` cannot be made into one.

    Without a scheme it becomes http: a site that has https redirects there, one that has not would not answer.
    Credentials, default ports and the dot after the host are dropped, an empty path becomes ``/``.
    """
    parts = _parsed(normalize.text(raw, MAX_URL).strip("<>\"' "))
    name = normalize.host(parts.hostname or "") if parts else None
    if parts is None or name is None:
        return None
    where = name if parts.port in (None, _PORTS[parts.scheme]) else f"{name}:{parts.port}"
    url = f"{parts.scheme}://{where}{_quoted(parts.path) or '/'}"
    url += "".join(f"{mark}{_quoted(part)}" for mark, part in (("?", parts.query), ("#", parts.fragment)) if part)
    return url if len(url) <= MAX_URL else None


def _parsed(written: str) -> SplitResult | None:
    """The parts of an http or https URL with a usable port; None for another scheme and for ``name@host``."""
    scheme = _SCHEME.match(written)
    if not scheme and "://" in written.partition(".")[0]:
        return None
    rest = written[scheme.end() :] if scheme else written.lstrip("/")
    try:
        parts = urlsplit(f"{scheme[1].lower() if scheme else 'http'}://{rest}")
        usable = parts.port != 0
    except ValueError:
        return None
    return parts if usable and (scheme or parts.username is None) else None


def platform_of(url: str) -> str | None:
    """Return the social platform that a normalised URL is on, or None."""
    return _DOMAINS.get(_domain(urlsplit(url).hostname or ""))


def profiles(platform: str, raw: str, country: str | None = None) -> list[str]:
    """Return the URLs of the profiles in ``raw``: handles and addresses of that platform; anything else is left out.

    ``country`` is where a WhatsApp number without a country code is meant. Raises KeyError for an unknown platform.
    """
    found = (_profile(platform, part, country) for part in normalize.items(raw))
    return list(dict.fromkeys(filter(None, found)))


def _profile(platform: str, part: str, country: str | None) -> str | None:
    if platform == "whatsapp":
        return _whatsapp(part, country)
    home = PLATFORMS[platform].profile
    url = website(part)
    if url and platform_of(url) == platform:
        return _tidy(PLATFORMS[platform], url)
    if handle := _HANDLE.fullmatch(part):
        return home.format(handle[1])
    if _PATH.fullmatch(part):
        return f"https://{urlsplit(home).netloc}/{part.rstrip('/')}"
    return None


def _tidy(known: _Platform, url: str) -> str | None:
    """One URL for one profile: the platform's usual host, no trackers, no slash at the end; None for its front page."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if not path:
        return None
    home = parts.netloc if parts.netloc in known.short else urlsplit(known.profile).netloc
    kept = "&".join(pair for pair in parts.query.split("&") if pair.partition("=")[0] in known.query)
    return f"https://{home}{path}{'?' if kept else ''}{kept}"


def _whatsapp(part: str, country: str | None) -> str | None:
    url = website(part) if part[:1].isalpha() else None
    if url and platform_of(url) != "whatsapp":
        return None
    if url:
        parts = urlsplit(url)
        part = "+" + parse_qs(parts.query).get("phone", [parts.path])[0].strip("/+ ")
    e164 = next((phone["e164"] for phone in phones.phones(part, country)), None)
    return PLATFORMS["whatsapp"].profile.format(e164[1:]) if e164 else None


def _domain(name: str) -> str:
    """The last two labels: long enough for every domain in PLATFORMS."""
    return ".".join(name.split(".")[-2:])


def _quoted(part: str) -> str:
    return quote(_STRAY_PERCENT.sub("%25", part), safe="/%:@!$&'()*+,;=~?")
