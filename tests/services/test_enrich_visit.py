"""One visit of one site, on a web where hosts forward, forbid, fail, drip and lie."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from core import config
from core.http import OutboundError
from services import enrich_sites, enrich_visit, enrich_web
from services.enrich_robots import Robots
from services.enrich_visit import Memory, Site, Visit
from services.enrich_web import Host
from tests import local_web
from tests.local_web import LocalWeb, page, redirect

HOME = '<html lang="en"><title>Café Engel</title><body><p>Coffee and cake since 1989.</p>{}</body></html>'
CONTACT = '<html><body><h1>Contact</h1><a href="mailto:info@engel.fi">info@engel.fi</a></body></html>'


@pytest.fixture(scope="module")
def web() -> Iterator[LocalWeb]:
    with local_web.local_web() as made:
        yield made


@pytest.fixture(autouse=True)
def quick(settings: config.Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """No second between requests, but where a test looks at the pace."""
    monkeypatch.setattr(enrich_web, "GAP_S", 0.0)
    config.configure(replace(settings, crawler_timeout_s=1.0))


@pytest.fixture(params=["sqlite"])
def database_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('none') / 'none.db'}"


def visited(web: LocalWeb, url: str, **more: Any) -> Visit:
    host = Host(enrich_sites.host_key(url), enrich_web.client())
    return enrich_visit.visit(Site("key", "FI", url, **more), host, Memory())


def test_a_home_page_and_its_contact_page(web: LocalWeb) -> None:
    url = web.add("127.1.0.1", {"/": page(HOME.format('<a href="/contact">Contact</a>')), "/contact": page(CONTACT)})
    made = visited(web, url)
    assert made.status == "read"
    assert made.check.responds
    assert made.check.status_code == 200
    assert web.paths("127.1.0.1")[:2] == ["/robots.txt", "/"]


@pytest.mark.parametrize(
    ("number", "paths", "status"),
    [
        (
            2,
            {"/robots.txt": page("User-agent: *\nDisallow: /", kind="text/plain"), "/": page("x")},
            "robots_disallowed",
        ),
        (3, {"/robots.txt": page(status="503 Service Unavailable"), "/": page("x")}, "robots_disallowed"),
        (4, {"/": page("no", status="403 Forbidden")}, "blocked"),
        (5, {"/": page("no", "Retry-After: 60", status="429 Too Many Requests")}, "blocked"),
        (6, {}, "unreachable"),
        (7, {"/": page("oh", status="500 Internal Server Error")}, "unreachable"),
        (8, {"/": local_web.hang}, "timeout"),
        (9, {"/": local_web.drip}, "timeout"),
        (10, {"/robots.txt": local_web.hang}, "timeout"),
        (11, {"/": local_web.endless}, "too_large"),
        (12, {"/": local_web.packed(local_web.bomb())}, "too_large"),
        (13, {"/": page(b"%PDF-1.4", kind="application/pdf")}, "not_html"),
        (14, {"/": page(b"GIF89a", kind="image/gif")}, "not_html"),
        (15, {"/": local_web.garbage}, "failed"),
        (16, {"/": local_web.broken_off}, "unreachable"),
        (17, {"/": redirect("/")}, "unreachable"),
    ],
)
def test_what_cannot_be_read(web: LocalWeb, number: int, paths: dict[str, local_web.Answer], status: str) -> None:
    made = visited(web, web.add(f"127.1.1.{number}", paths))
    assert (made.status, bool(made.error)) == (status, True), made


def test_who_does_not_listen(web: LocalWeb) -> None:
    assert visited(web, "http://127.1.2.1:1/").status == "unreachable"


def test_a_private_address_is_no_website(web: LocalWeb) -> None:
    url = web.add("127.1.2.2", {"/": redirect("http://10.0.0.1/")})
    made = visited(web, url)
    assert (made.status, made.moved_to) == ("moved", "http://10.0.0.1/")
    for local, why in ((False, "a private address"), (True, "MAPTARGETER_CRAWLER=local")):
        config.configure(replace(config.current(), crawler_local=local))
        then = visited(web, "http://10.0.0.1/")
        assert then.status == "unreachable"
        assert why in (then.error or "")


def test_where_nothing_but_loopback_may_be_reached_no_name_leads_anywhere(settings: config.Settings) -> None:
    assert settings.crawler_local
    with pytest.raises(OutboundError) as caught:
        enrich_web.client().send("GET", "http://localhost/", max_bytes=1, plain_http=True)
    assert caught.value.kind == "dns"


def test_another_host_is_left_to_who_may_visit_it(web: LocalWeb) -> None:
    web.add("127.1.3.1", {"/": page("x")})
    url = web.add("127.1.3.2", {"/": redirect(web.url("127.1.3.1"))})
    made = visited(web, url)
    assert (made.status, made.moved_to) == ("moved", web.url("127.1.3.1"))
    assert web.paths("127.1.3.1") == []


def test_a_website_that_is_a_profile(web: LocalWeb) -> None:
    made = visited(web, web.add("127.1.3.3", {"/": redirect("https://www.facebook.com/engel")}))
    assert made.status == "read"
    assert made.facts
    assert made.facts.kind == "social"


def test_robots_rules_hold_for_what_redirects_lead_to(web: LocalWeb) -> None:
    robots = page("User-agent: MapTargeterBot\nDisallow: /private\n", kind="text/plain")
    url = web.add("127.1.4.1", {"/robots.txt": robots, "/": redirect("/private/home"), "/private/home": page("x")})
    assert visited(web, url).status == "robots_disallowed"
    assert web.paths("127.1.4.1") == ["/robots.txt", "/"]


def test_the_pace(web: LocalWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrich_web, "GAP_S", 0.3)
    web.log.clear()
    url = web.add("127.1.5.1", {"/": page("x", after_s=0.1), "/a": page("x")})
    for path in ("", "a", ""):
        Host(enrich_sites.host_key(url), enrich_web.client()).get(url + path)
    assert len(web.log) == 3
    assert web.rushed(0.3) == []
    assert web.most_together["127.1.5.1"] == 1


def test_crawl_delay_is_kept_and_nothing_waits_for_ever(web: LocalWeb) -> None:
    robots = page("User-agent: *\nCrawl-delay: 3600\n", kind="text/plain")
    url = web.add("127.1.5.2", {"/robots.txt": robots, "/": page(HOME.format('<a href="/contact">Contact</a>'))})
    started = time.monotonic()
    made = visited(web, url)
    assert made.status == "read"
    assert web.paths("127.1.5.2") == ["/robots.txt", "/"]
    assert time.monotonic() - started < 5


def test_an_unchanged_site_costs_little(web: LocalWeb) -> None:
    url = web.add("127.1.6.1", {"/": page(HOME.format(""), etag='"1"')})
    first = visited(web, url)
    assert first.pages
    again = visited(web, url, pages=enrich_visit.known_pages(first.pages), last_status="done")
    assert again.unchanged
    web.sites["127.1.6.1"]["/"] = page(HOME.format("new"), etag='"2"')
    changed = visited(web, url, pages=enrich_visit.known_pages(first.pages), last_status="done")
    assert not changed.unchanged
    assert changed.status == "read"


def test_the_user_agent_names_who_visits(web: LocalWeb) -> None:
    visited(web, web.add("127.1.7.1", {"/": page("x")}))
    agents = {request.headers["user-agent"] for request in web.log if request.host == "127.1.7.1"}
    assert agents == {"MapTargeterBot/1.0 (+http://127.0.0.1:8080)"}


@pytest.mark.parametrize(
    ("status", "body", "allowed"),
    [
        (200, b"User-agent: *\nDisallow: /a", False),
        (200, b"User-agent: *\nDisallow: /a\n\nUser-agent: maptargeterbot\nAllow: /", True),
        (200, b"\xef\xbb\xbfUser-agent: *\nDisallow: /a", False),
        (200, b"<html>not found</html>", True),
        (404, b"User-agent: *\nDisallow: /", True),
        (403, b"", True),
        (500, b"", False),
        (429, b"", False),
    ],
)
def test_robots(status: int, body: bytes, allowed: bool) -> None:
    assert Robots.answered(status, body).allows("http://x.fi/a") is allowed
