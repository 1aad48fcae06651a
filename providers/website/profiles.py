"""Which links lead to a profile of the business on a social platform: no share button, no post, no stranger."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from providers.website.facts import Profile
from providers.website.words import words

_STRANGERS = words(
    """
    wix wixcom wixstudio squarespace shopify wordpress wordpresscom wordpressdotcom automattic jimdo weebly godaddy
    webflow webnode site123 strato ionos 1and1 hostinger tilda tildapublishing elementor framer duda google
    googlemaps facebook facebookapp meta instagram twitter x youtube linkedin tiktok pinterest tripadvisor whatsapp
    telegram yourpage yourusername yourprofile yourcompany your-page your-company username pagename page_name mypage
    example companyname cloudflare envato themeforest squareup gmail envato_market opentable booking bookingcom
    """
)
"""Whose profiles templates bring along, and names that stand for one."""

_FACEBOOK = words(
    """
    sharer sharer.php share share.php dialog plugins tr login login.php l.php help policies policy policy.php
    privacy legal hashtag photo photo.php photos watch events event.php groups marketplace gaming ads business
    settings home.php home posts permalink.php story.php reel reels stories notes sharer-php v2.0 v3.0 games public
    search ajax recover cookie directory terms terms.php profile.php people pages pg media fundraisers business-help
    about careers messages checkpoint r.php
    """
)
_INSTAGRAM = words(
    "p reel reels explore stories accounts tv share direct about legal developer web s oauth privacy terms"
)
_X = words(
    "intent share home search hashtag i login signup tos privacy settings explore about widgets en messages "
    "who_to_follow"
)
_YOUTUBE = words(
    "watch embed playlist results shorts feed v redirect live channel c user t account howyoutubeworks about "
    "premium gaming"
    " music hashtag clip attribution_link iframe_api yt subscription_center ads creators static opensearch s"
)
_LINKEDIN_KINDS = words("company in school showcase")
_PINTEREST = words("pin search ideas today about business login create settings categories _ news_hub privacy")
_TELEGRAM = words(
    "share joinchat addstickers addtheme proxy socks setlanguage iv s c msg login invoice boost contact bg"
)
_HANDLE = re.compile(r"[\w.-]{1,100}")
_TRIPADVISOR = re.compile(
    r"/((?:Restaurant|Hotel|Attraction|VacationRental|ShowUserReviews?|AttractionProduct|"
    r"Airline)_?Review\w*-(?:g\d+-)?d\d+)"
    r"(-[^?#/]*?)?(?:\.html|/|\Z)"
)
_WRAPPERS = {"l.facebook.com": "u", "lm.facebook.com": "u", "l.instagram.com": "u", "www.google.com": "q",
             "google.com": "q",
             "out.reddit.com": "url", "linkedin.com": "url", "slack-redir.net": "url"}  # fmt: skip
_LIKELY = re.compile(
    r"faceb|fb\.|instag|linkedin|x\.com|twitter|youtu|tiktok|pinterest|threads|wa\.me|whatsapp|t\.me|telegram|"
    r"tripadv|xing|vk\.com",
    re.IGNORECASE,
)
_PREFIXES = (
    "www.",
    "m.",
    "mobile.",
    "web.",
    "touch.",
    "business.",
    "l.",
    "de-de.",
    "fi-fi.",
    "fr-fr.",
    "en-gb.",
    "api.",
)


@dataclass(frozen=True, slots=True)
class _Target:
    """A link taken apart: the host without its prefix, the path's parts as written, and the query."""

    host: str
    path: tuple[str, ...]
    query: dict[str, list[str]]
    raw_path: str


_Reader = Callable[[_Target], str | None]


def profile(url: str) -> Profile | None:
    """Return the profile that an absolute URL leads to, its URL in the one form of that platform, or None."""
    target = _target(url)
    if target is None:
        return None
    reader = _READERS.get(target.host) or _reader_of_country(target.host)
    if reader is None:
        return None
    platform, read = reader
    found = read(target)
    if not found or found.rstrip("/").rpartition("/")[2].lstrip("@").lower() in _STRANGERS:
        return None
    return Profile(platform, found)


def is_likely(href: str) -> bool:
    """Tell whether a link as written may lead to a platform; a quick look that lets too many through."""
    return bool(_LIKELY.search(href))


def profiles(urls: Iterable[str]) -> list[Profile]:
    """Return the profiles that ``urls`` lead to, each once, in order."""
    found = {one.url.lower(): one for url in urls if (one := profile(url))}
    return list(found.values())


def _target(url: str) -> _Target | None:
    for _ in range(2):
        try:
            parts = urlsplit(url.strip())
            host = (parts.hostname or "").lower().rstrip(".")
        except ValueError:
            return None
        query = parse_qs(parts.query, max_num_fields=50) if parts.query.count("&") < 50 else {}
        inner = query.get(_WRAPPERS.get(host, ""), [""])[0]
        if not inner.startswith("http") or (host.endswith("google.com") and parts.path != "/url"):
            break
        url = inner
    for prefix in _PREFIXES:
        host = host.removeprefix(prefix)
    host = re.sub(r"\A[a-z]{2}(?:-[a-z]{2})?\.(?=(?:facebook|linkedin|pinterest|tripadvisor|youtube)\.)", "", host)
    path = tuple(unquote(part).strip() for part in parts.path.split("/") if part.strip())
    if not path and parts.fragment.startswith("!/"):
        path = (parts.fragment[2:].strip("/"),)
    return _Target(host, path, query, parts.path)


def _first(target: _Target) -> str:
    return target.path[0] if target.path else ""


def _plain(home: str, reserved: frozenset[str], at: str = "", most: int = 2) -> _Reader:
    def read(target: _Target) -> str | None:
        handle = _first(target).removeprefix("@")
        if handle.lower() in reserved or not _HANDLE.fullmatch(handle) or len(target.path) > most:
            return None
        if handle.lower().endswith((".php", ".html", ".js", ".png")):
            return None
        return f"{home}{at}{handle.rstrip('.')}"

    return read


def _facebook(target: _Target) -> str | None:
    home, path = "https://www.facebook.com/", list(target.path)
    first = _first(target).lower()
    if first == "profile.php" and (number := target.query.get("id", [""])[0]).isdigit():
        return f"{home}profile.php?id={number}"
    if first == "pg" and len(path) > 1:
        path, first = path[1:], path[1].lower()
    if first in ("pages", "people", "p") and len(path) > 1:
        return _facebook_page(home, path)
    if first == "groups" and len(path) > 1 and _HANDLE.fullmatch(path[1]):
        return f"{home}groups/{path[1]}"
    inner = path[1].lower() if len(path) > 1 else ""
    if first in _FACEBOOK or (inner in ("posts", "videos", "photos", "events", "permalink", "reels") and len(path) > 2):
        return None
    handle = path[0] if path else ""
    if not re.fullmatch(r"[\w.-]{2,100}", handle) or handle.lower().endswith(".php"):
        return None
    return home + handle


def _facebook_page(home: str, path: list[str]) -> str | None:
    """``pages/Name/123``, ``pages/category/Kind/Name-123``, ``people/Name/123`` and the new ``p/Name-123``."""
    if path[0].lower() == "p":
        return f"{home}p/{path[1]}"
    if path[1].lower() == "category" and len(path) > 3:
        return f"{home}pages/category/{path[2]}/{path[3]}"
    if len(path) > 2 and path[2].isdigit():
        return f"{home}{path[0].lower()}/{path[1]}/{path[2]}"
    return None


def _linkedin(target: _Target) -> str | None:
    kind = _first(target).lower()
    kind = {"companies": "company", "pub": "in"}.get(kind, kind)
    if kind not in _LINKEDIN_KINDS or len(target.path) < 2 or not re.fullmatch(r"[\w.&'-]{1,100}", target.path[1]):
        return None
    return f"https://www.linkedin.com/{kind}/{target.path[1]}"


def _youtube(target: _Target) -> str | None:
    home, first = "https://www.youtube.com/", _first(target)
    if first.startswith("@") and len(first) > 2:
        return home + first
    if first.lower() in ("channel", "c", "user") and len(target.path) > 1:
        return f"{home}{first.lower()}/{target.path[1]}"
    if first.lower() in _YOUTUBE or len(target.path) != 1 or not re.fullmatch(r"[\w-]{2,100}", first):
        return None
    return home + first


def _tiktok(target: _Target) -> str | None:
    first = _first(target)
    return (
        f"https://www.tiktok.com/{first}" if first.startswith("@") and len(target.path) == 1 and first != "@" else None
    )


def _whatsapp(target: _Target) -> str | None:
    first = _first(target)
    if target.host == "wa.me" and first.lower() == "message" and len(target.path) > 1:
        return f"https://wa.me/message/{target.path[1]}"
    if first.lower() == "channel" and len(target.path) > 1:
        return f"https://www.whatsapp.com/channel/{target.path[1]}"
    digits = re.sub(r"\D", "", first if target.host == "wa.me" else target.query.get("phone", [""])[0])
    return f"https://wa.me/{digits.removeprefix('00')}" if 7 <= len(digits) <= 16 else None


def _telegram(target: _Target) -> str | None:
    handle = _first(target)
    if handle.startswith("+"):
        return f"https://t.me/{handle}"
    if handle.lower() in _TELEGRAM or not re.fullmatch(r"\w{4,64}", handle) or len(target.path) > 1:
        return None
    return f"https://t.me/{handle}"


def _tripadvisor(target: _Target) -> str | None:
    hit = _TRIPADVISOR.search(target.raw_path)
    return f"https://www.tripadvisor.com/{hit[1]}{hit[2] or ''}.html" if hit else None


def _xing(target: _Target) -> str | None:
    kind = _first(target).lower()
    kind = {"companies": "pages"}.get(kind, kind)
    if kind not in ("pages", "profile") or len(target.path) < 2:
        return None
    return f"https://www.xing.com/{kind}/{target.path[1]}"


_READERS: dict[str, tuple[str, _Reader]] = {
    "facebook.com": ("facebook", _facebook),
    "fb.com": ("facebook", _facebook),
    "fb.me": ("facebook", _facebook),
    "instagram.com": ("instagram", _plain("https://www.instagram.com/", _INSTAGRAM)),
    "instagr.am": ("instagram", _plain("https://www.instagram.com/", _INSTAGRAM)),
    "linkedin.com": ("linkedin", _linkedin),
    "x.com": ("x", _plain("https://x.com/", _X, most=1)),
    "twitter.com": ("x", _plain("https://x.com/", _X, most=1)),
    "youtube.com": ("youtube", _youtube),
    "tiktok.com": ("tiktok", _tiktok),
    "pinterest.com": ("pinterest", _plain("https://www.pinterest.com/", _PINTEREST, most=1)),
    "threads.net": ("threads", _plain("https://www.threads.com/", frozenset(), at="@", most=1)),
    "threads.com": ("threads", _plain("https://www.threads.com/", frozenset(), at="@", most=1)),
    "wa.me": ("whatsapp", _whatsapp),
    "whatsapp.com": ("whatsapp", _whatsapp),
    "t.me": ("telegram", _telegram),
    "telegram.me": ("telegram", _telegram),
    "xing.com": ("xing", _xing),
    "vk.com": ("vk", _plain("https://vk.com/", words("share.php share widget_comments.php js away.php feed"), most=1)),
}


def _reader_of_country(host: str) -> tuple[str, _Reader] | None:
    """Platforms that have a domain in each country."""
    brand = host.partition(".")[0]
    if brand == "tripadvisor" and len(host) < 24:
        return "tripadvisor", _tripadvisor
    if brand == "pinterest" and len(host) < 18:
        return _READERS["pinterest.com"]
    return None
