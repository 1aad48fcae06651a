import pytest

from providers.website import combine, read_page, standing

URL = "https://www.shop.fi/"


@pytest.mark.parametrize(
    ("html", "status"),
    [
        ("<title>shop.fi</title><h1>This domain is for sale</h1><a href=#>Buy this domain</a>", "parked"),
        ("<p>Diese Domain steht zum Verkauf</p>", "parked"),
        ("<p>Tämä verkkotunnus on varattu.</p>", "parked"),
        ('<script src="https://img.sedoparking.com/x.js"></script><p>shop.fi</p>', "parked"),
        ("<title>Apache2 Ubuntu Default Page: It works</title><p>It works!</p>", "dead"),
        ("<title>404 Not Found</title><h1>Not Found</h1>", "dead"),
        ("<h1>Coming soon</h1><p>We are working on it.</p>", "dead"),
        ("<h1>Sivusto on rakenteilla</h1>", "dead"),
        ("", "empty"),
        ('<div id="root"></div><script src="/app.js"></script>', "empty"),
        ("<h1>Kahvila Lumi</h1><p>Tervetuloa! Leivomme joka aamu. Avoinna 8-16.</p>", "ok"),
        ("<h1>Web agency</h1>" + "<p>We help you buy this domain or that one, and build sites.</p>" * 60, "ok"),
    ],
)
def test_the_standing_of_a_page(html: str, status: str) -> None:
    assert read_page(URL, html.encode()).status == status


@pytest.mark.parametrize(
    ("url", "html", "status", "kind"),
    [
        (URL, "<p>Kahvila Lumi, tervetuloa meille", "ok", "own"),
        ("http://www.shop.fi/", "<p>Kahvila Lumi, tervetuloa meille", "no_https", "own"),
        ("https://www.facebook.com/lumi", "<p>Lumi is on Facebook with us", "social_only", "social"),
        ("https://lumi.wixsite.com/cafe", "<p>Kahvila Lumi, tervetuloa meille", "ok", "builder"),
        ("https://www.tripadvisor.fi/Restaurant-1", "<p>Kahvila Lumi, arvostelut", "ok", "directory"),
        (URL, "<p>This domain is for sale", "parked", "own"),
    ],
)
def test_the_standing_of_a_site(url: str, html: str, status: str, kind: str) -> None:
    facts = combine([read_page(url, html.encode())])

    assert (facts.status, facts.kind) == (status, kind)


@pytest.mark.parametrize(
    ("html", "target"),
    [
        ('<meta http-equiv="Refresh" content="0; URL=/fi/">', URL + "fi/"),
        ('<frameset><frame src="menu.html" name="nav"><frame src="main.html" name="x"></frameset>', URL + "main.html"),
        ("<script>window.location.href='/home';</script>", URL + "home"),
        ('<meta http-equiv="refresh" content="600">', None),
    ],
)
def test_where_a_page_sends_its_reader(html: str, target: str | None) -> None:
    assert read_page(URL, html.encode()).refresh_url == target


def test_a_host_alone_tells_whose_place_it_is() -> None:
    assert standing.kind_of("lumi.business.site", "lumi.business.site") == "builder"
