"""One visit of one site: its home page and the best few others, within its rules, whatever it answers.

Home pages that forward, forbid, fail, drip, lie about what they are or never end all come out as one word of
``STATUSES``. Nothing is raised and nothing is written: ``services.enriching`` keeps what a visit came to.
"""

import contextlib
import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from core import clock
from core.http import OutboundError, Response
from providers import website
from providers.website import Page, SiteFacts
from providers.website.visiting import known_paths
from services import enrich_pages, enrich_sites
from services.enrich_web import Host, OutOfTimeError

log = logging.getLogger(__name__)

STATUSES = (
    "done", "done_empty", "no_website", "robots_disallowed", "blocked", "unreachable", "timeout", "too_large",
    "not_html", "suppressed", "skipped_fresh", "failed",
)  # fmt: skip
"""What can become of a lead, once and for all."""

MORE_PAGES = 3
MAX_HOPS = 5
VISIT_S = 120.0
PARSERS = 2
_FAR_MEMORY = 200  # pages of one host that its other sites need not ask for again


@dataclass(frozen=True, slots=True)
class Site:
    """What to visit: ``url`` on the host at hand; ``key`` and ``country`` name it.

    ``pages`` are those of its last visit, ``last_status`` is what that came to.
    """

    key: str
    country: str
    url: str
    moves: tuple[str, ...] = ()
    pages: tuple[Mapping[str, Any], ...] = ()
    last_status: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """What the first page showed of the website; see WebsiteCheck in the contract."""

    url: str
    final_url: str | None = None
    status_code: int | None = None
    responds: bool = False
    https: bool | None = None
    tls_ok: bool | None = None
    ms: int | None = None
    checked_at: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """What came of a site. ``status`` is ``read`` where pages were read: what they say is to be judged.

    With ``moved_to`` it is to be visited there, by who may visit that host. ``unchanged``: every page of the last visit
    is as it was. ``pages``: [{"url", "etag", "last_modified"}].
    """

    site: Site
    status: str
    check: Check
    facts: SiteFacts | None = None
    pages: tuple[Mapping[str, Any], ...] = ()
    error: str | None = None
    moved_to: str | None = None
    unchanged: bool = False


@dataclass(slots=True)
class Memory:
    """Pages of a host that were read in this turn, by (url, country)."""

    pages: dict[tuple[str, str], Page] = field(default_factory=dict)

    def keep(self, url: str, country: str, page: Page) -> None:
        if len(self.pages) < _FAR_MEMORY:
            self.pages[url, country] = page


def visit(site: Site, host: Host, memory: Memory) -> Visit:
    """Visit a site of a host that is leased. Never raises."""
    host.until = time.monotonic() + VISIT_S
    trip = _Trip(site, host, memory, Check(site.url, checked_at=clock.now_stamp()))
    try:
        return trip.made()
    except OutOfTimeError as error:
        return trip.ended("timeout", str(error))
    except OutboundError as error:
        return trip.failed(error)
    except Exception:  # a page that brings our reading down must not bring others down
        log.exception("cannot read %s", site.key)
        return trip.ended("failed", "Reading this website failed on our side.")


@dataclass(slots=True)
class _Trip:
    site: Site
    host: Host
    memory: Memory
    check: Check
    validators: list[Mapping[str, Any]] = field(default_factory=list)

    def made(self) -> Visit:
        known = {page["url"]: page for page in self.site.pages}
        first = self.first(known)
        if isinstance(first, Response) and first.status == 304 and self.unchanged(known, first.final_url):
            return replace(self.ended("read"), unchanged=True, pages=self.site.pages)
        if isinstance(first, Response) and first.status == 304:
            self.validators.clear()
            first = self.first({})
        if isinstance(first, Visit):
            return first
        return self.read(first)

    def first(self, known: Mapping[str, Mapping[str, Any]]) -> Response | Visit:
        """Return the home page, or how the visit ended before it came."""
        try:
            return self.followed(self.site.url, known)
        except OutboundError as error:
            failure = error
        for url in enrich_pages.other_ways(self.site.url):
            if not enrich_pages.helps(failure.kind, self.site.url, url):
                continue
            if failure.kind == "tls":
                self.check = replace(self.check, tls_ok=False)
            with contextlib.suppress(OutboundError):
                return self.followed(url, known)
        raise failure

    def followed(self, url: str, known: Mapping[str, Mapping[str, Any]]) -> Response | Visit:
        passed: set[str] = set()
        while url not in passed and len(passed) <= MAX_HOPS:
            passed.add(url)
            rules = self.host.rules_for(url)
            if not rules.allows(enrich_sites.bare(url)):
                return self.ended("robots_disallowed", rules.reason or "robots.txt asks not to read this page")
            answer = self.host.get(url, enrich_pages.conditions(known.get(url)))
            self.note(answer)
            if answer.location is None:
                return answer
            url = answer.location
            if enrich_sites.host_key(url) != self.host.name:
                return self.moved(url)
        return self.ended("unreachable", f"redirects in a circle, or more than {MAX_HOPS}")

    def moved(self, url: str) -> Visit:
        if len(self.site.moves) >= MAX_HOPS:
            return self.ended("unreachable", f"more than {MAX_HOPS} moves to another host")
        if enrich_sites.kind_of(url) != "unknown":
            return replace(self.ended("read"), facts=enrich_pages.elsewhere(url, enrich_sites.kind_of(url)))
        return replace(self.ended("moved"), moved_to=url)

    def note(self, answer: Response) -> None:
        """Remember what the website showed of itself so far."""
        is_https = answer.final_url.startswith("https:")
        self.check = replace(
            self.check, final_url=answer.final_url, status_code=answer.status, responds=answer.status < 400,
            https=is_https if answer.status < 400 else None, ms=round(answer.timing.total_ms),
            tls_ok=True if is_https and self.check.tls_ok is None else self.check.tls_ok,
        )  # fmt: skip

    def unchanged(self, known: Mapping[str, Mapping[str, Any]], first: str) -> bool:
        """Tell whether the other pages of the last visit are as they were, too."""
        for url, page in known.items():
            if url != first and self.host.rules_for(url).allows(url):
                if not enrich_pages.conditions(page):
                    return False
                answer = self.host.get(url, enrich_pages.conditions(page))
                if answer.status != 304:
                    return False
        return True

    def read(self, answer: Response) -> Visit:
        """Read the home page and what it leads to."""
        status, why = enrich_pages.refusal(answer)
        if status:
            return self.ended(status, why)
        home = self.parsed(answer)
        if home.refresh_url and home.status in ("empty", "ok") and not (home.emails or home.phones):
            forwarded = self.forwarded(home.refresh_url)
            if isinstance(forwarded, Visit):
                return forwarded
            home = forwarded or home
        pages = [home, *self.others(home)] if home.status not in ("parked", "dead") else [home]
        facts = website.combine(pages)
        if answer.truncated and not enrich_pages.says_something(facts):
            return self.ended("too_large", f"the page has more than {len(answer.body)} bytes")
        self.probe_https()
        return replace(self.ended("read"), facts=facts, pages=tuple(self.validators))

    def forwarded(self, url: str) -> Page | Visit | None:
        """Return the page that the home page sends its readers to; None if it cannot be had."""
        answer = self.followed(url, {})
        if isinstance(answer, Visit):
            return answer if answer.moved_to else None
        return None if enrich_pages.refusal(answer)[0] else self.parsed(answer)

    def others(self, home: Page) -> list[Page]:
        """Return the best few pages beside the home page; those that cannot be had are left out."""
        links = [link.url for link in website.links_to_visit(home)] or self.mapped(home)
        return [page for url in links[:MORE_PAGES] if (page := self.other(url, home.url)) is not None]

    def other(self, url: str, home: str) -> Page | None:
        kept = self.memory.pages.get((url, self.site.country))
        if kept is not None:
            return kept
        try:
            answer = self.same_site(url, home)
            if answer is None or enrich_pages.refusal(answer)[0]:
                return None
            page = self.parsed(answer)
        except (OutboundError, OutOfTimeError):
            return None
        self.memory.keep(url, self.site.country, page)
        return page

    def same_site(self, url: str, home: str) -> Response | None:
        """Ask for a further page, following redirects on the same host."""
        for _ in range(3):
            if enrich_sites.host_key(url) != self.host.name or enrich_sites.bare(url) == enrich_sites.bare(home):
                return None
            if not self.host.rules_for(url).allows(enrich_sites.bare(url)):
                return None
            answer = self.host.get(url)
            if answer.location is None:
                return answer
            url = answer.location
        return None

    def mapped(self, home: Page) -> list[str]:
        """Return the likeliest pages of the site's map, for a home page that leads nowhere."""
        if home.emails and home.phones:
            return []
        rules = self.host.rules_for(home.url)
        url = next(iter(rules.sitemaps), enrich_sites.origin(home.url) + "/sitemap.xml")
        try:
            answer = self.same_site(url, home.url)
        except (OutboundError, OutOfTimeError):
            return []
        if answer is None or answer.status != 200:
            return []
        return [link.url for link in known_paths(enrich_pages.sitemap_urls(answer.body))]

    def parsed(self, answer: Response) -> Page:
        """Read a page, beside the threads that fetch: they are never kept waiting by more than two pages."""
        self.validators.append(enrich_pages.validators(answer))
        kind = answer.headers.get("content-type", "")
        task = _parsers().submit(website.read_page, answer.final_url, answer.body, kind, self.site.country or None)
        return task.result()

    def probe_https(self) -> None:
        """Ask whether a page that came by http can be had by https."""
        final = self.check.final_url or ""
        if not final.startswith("http:") or urlsplit(final).port not in (None, 80) or self.check.tls_ok is False:
            return
        try:
            answer = self.host.get(urlunsplit(urlsplit(final)._replace(scheme="https")))
            self.check = replace(self.check, https=answer.status < 400, tls_ok=True)
        except OutboundError as error:
            self.check = replace(self.check, tls_ok=False if error.kind == "tls" else None)
        except OutOfTimeError:
            return

    def ended(self, status: str, error: str | None = None) -> Visit:
        return Visit(self.site, status, self.check, error=error, pages=())

    def failed(self, error: OutboundError) -> Visit:
        status = {"timeout": "timeout", "too_large": "too_large", "protocol": "failed"}.get(error.kind, "unreachable")
        if error.kind == "tls":
            self.check = replace(self.check, tls_ok=False)
        return self.ended(status, f"{error.kind}: {error}"[:500])


@cache
def _parsers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(PARSERS, "page-reader")


def known_pages(pages: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """Return the pages of a last visit if asking whether they changed is of use: the first one must have said how."""
    return tuple(pages) if pages and enrich_pages.conditions(pages[0]) else ()
