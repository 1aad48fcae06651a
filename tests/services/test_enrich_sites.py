"""Which website is visited, what is one site, and what an answer means."""

import string
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.outbound import Response, Timing
from jobs.enrich import AT_ONCE, Slots
from services import enrich_leads, enrich_pages, enrich_sites
from services.enrich_sites import MAX_KEY, Choice, choose, host_key, site_key


@pytest.mark.parametrize(
    "url",
    [
        "http://engel.fi", "https://www.engel.fi/", "HTTPS://WWW.Engel.FI", "http://engel.fi:80/", "http://engel.fi/#top",
        "https://engel.fi/index.html", "https://engel.fi/index.php",
    ],
)  # fmt: skip
def test_addresses_of_one_site(url: str) -> None:
    assert (site_key(url), host_key(url)) == ("engel.fi", "engel.fi")


@pytest.mark.parametrize(
    "url", ["http://engel.fi/en", "http://engel.fi/?shop=2", "http://shop.engel.fi/", "http://engel.fi:8080/"]
)
def test_addresses_of_other_sites(url: str) -> None:
    assert site_key(url) != "engel.fi"


hosts = st.text(string.ascii_lowercase, min_size=1, max_size=20).map("a{}.fi".format)
paths = st.text(string.ascii_letters + "/.?=&äö", max_size=400).map("/{}".format)


@given(hosts, paths)
def test_a_key_is_short_and_says_the_same_again(host: str, path: str) -> None:
    key = site_key(f"https://{host}{path}")
    assert key == site_key(f"http://www.{host}{path}")
    assert len(key) <= MAX_KEY
    assert key.startswith(host)


def test_the_first_website_of_its_own_is_chosen() -> None:
    assert choose([]).kind == "none"
    assert choose(["https://www.facebook.com/engel"]).kind == "social"
    assert choose(["https://www.tripadvisor.com/x"]).kind == "directory"
    chosen = choose(["https://www.facebook.com/engel", "http://www.engel.fi/", "http://other.fi/"])
    assert chosen == Choice("unknown", "http://www.engel.fi/", "engel.fi", "engel.fi")


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://m.facebook.com/engel", "social"),
        ("https://instagram.com/engel", "social"),
        ("https://engel.business.site/", "directory"),
        ("https://sites.google.com/view/engel", "unknown"),
        ("https://notfacebook.com/", "unknown"),
        ("http://[::1/", "unknown"),
        ("", "unknown"),
    ],
)
def test_kinds(url: str, kind: str) -> None:
    assert enrich_sites.kind_of(url) == kind


def answer(status: int = 200, body: bytes = b"<html>", **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, named, body, False, "http://x.fi/", ip_address("192.0.2.1"), None, Timing())


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (answer(content_type="text/html; charset=utf-8"), ""),
        (answer(content_type="application/xhtml+xml"), ""),
        (answer(), ""),
        (answer(content_type="text/plain"), ""),
        (answer(body=b"hello", content_type="text/plain"), "not_html"),
        (answer(content_type="application/json"), "not_html"),
        (answer(403, content_type="text/html"), "blocked"),
        (answer(503, retry_after="60"), "blocked"),
        (answer(503), "unreachable"),
        (answer(410), "unreachable"),
        (answer(204), "unreachable"),
        (answer(200, content_type="text/html", cf_mitigated="challenge"), "blocked"),
    ],
)
def test_refusals(given: Response, status: str) -> None:
    assert enrich_pages.refusal(given)[0] == status


def test_other_ways_to_a_website() -> None:
    assert enrich_pages.other_ways("http://engel.fi/") == ["https://engel.fi/", "http://www.engel.fi/"]
    assert enrich_pages.other_ways("https://www.engel.fi/a") == ["http://www.engel.fi/a", "https://engel.fi/a"]
    assert enrich_pages.other_ways("http://engel.fi:8080/") == []
    assert enrich_pages.helps("tls", "https://engel.fi/", "http://engel.fi/")
    assert not enrich_pages.helps("dns", "https://engel.fi/", "http://engel.fi/")
    assert enrich_pages.helps("dns", "https://engel.fi/", "https://www.engel.fi/")


def test_validators_that_no_header_can_carry_are_left_out() -> None:
    assert enrich_pages.validators(answer(etag='"1"', last_modified="x" * 300))["last_modified"] is None
    assert enrich_pages.conditions({"etag": '"1"', "last_modified": None}) == {"if-none-match": '"1"'}
    assert enrich_pages.conditions(None) == {}


def test_a_sitemap_of_which_anything_may_be_broken() -> None:
    body = b"<urlset><url><loc> http://x.fi/contact?a=1&amp;b=2 </loc></url><loc><![CDATA[https://x.fi/a]]></loc><loc>ftp://x</loc><loc>"
    assert enrich_pages.sitemap_urls(body) == ["http://x.fi/contact?a=1&b=2", "https://x.fi/a"]


def test_domains_above() -> None:
    assert enrich_leads.domains_above("a.shop.engel.fi:8080") == ["a.shop.engel.fi", "shop.engel.fi", "engel.fi"]
    assert enrich_leads.domains_above("localhost") == ["localhost"]


def test_batches_share_the_slots() -> None:
    slots = Slots(60)
    slots.join(1)
    assert slots.take(0) == AT_ONCE
    assert slots.take(AT_ONCE) == 10
    slots.join(1)
    assert slots.take(0) == 0
    slots.give_back(40)
    assert slots.take(20) == 10  # half of them are the other's
    assert slots.take(0) == 30
