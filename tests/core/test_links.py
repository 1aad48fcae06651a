from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import links

NEARLY_URLS = st.from_regex(
    r"(https?:/{0,3})?(www\.)?[a-zäö.-]{1,12}\.(fi|de)(:\d{1,6})?(/[\w%?#&= ]{0,12})?", fullmatch=True
)


@pytest.mark.parametrize(
    ("raw", "url"),
    [
        ("https://www.viinitie.fi/", "https://www.viinitie.fi/"),
        ("www.cafe.fi", "http://www.cafe.fi/"),
        ("HTTP://Cafe.FI/Menu", "http://cafe.fi/Menu"),
        ("http:/cafe.fi", "http://cafe.fi/"),
        ("https//cafe.fi/a", "https://cafe.fi/a"),
        ("//cafe.fi", "http://cafe.fi/"),
        ("https://cafe.fi:443/x", "https://cafe.fi/x"),
        ("http://cafe.fi:443/x", "http://cafe.fi:443/x"),
        ("cafe.fi.", "http://cafe.fi/"),
        ("https://käse.de/ä b?q=ü#ö", "https://xn--kse-qla.de/%C3%A4%20b?q=%C3%BC#%C3%B6"),
        ("cafe.fi/100%", "http://cafe.fi/100%25"),
        ("cafe.fi/a%20b", "http://cafe.fi/a%20b"),
        ("http://user:secret@cafe.fi/", "http://cafe.fi/"),
        ("ftp://cafe.fi/", None),
        ("javascript://cafe.fi/", None),
        ("mailto:info@cafe.fi", None),
        ("info@cafe.fi", None),
        ("cafe", None),
        ("http://127.0.0.1/", None),
        ("http://[::1]/", None),
        ("http://cafe.fi:99999/", None),
        ("none", None),
        ("", None),
    ],
)
def test_website(raw: str, url: str | None) -> None:
    assert links.website(raw) == url


@given(st.text() | NEARLY_URLS)
def test_a_website_normalised_twice_is_the_same(raw: str) -> None:
    url = links.website(raw)

    if url is not None:
        assert links.website(url) == url
        assert url.isascii()
        assert urlsplit(url).scheme in ("http", "https")
        assert " " not in url


@given(st.text())
def test_websites_never_raise(raw: str) -> None:
    found = links.websites(raw)

    assert [again for url in found for again in links.websites(url)] == found or ";" in "".join(found)


def test_several_websites_in_one_field() -> None:
    assert links.websites("a.fi; https://b.fi/x,y , www.c.fi") == [
        "http://a.fi/",
        "https://b.fi/x,y",
        "http://www.c.fi/",
    ]


@pytest.mark.parametrize(
    ("platform", "raw", "url"),
    [
        ("facebook", "cafe.engel", "https://www.facebook.com/cafe.engel"),
        ("facebook", "http://fi-fi.facebook.com/cafe/?ref=ts", "https://www.facebook.com/cafe"),
        ("facebook", "facebook.com/cafe", "https://www.facebook.com/cafe"),
        ("facebook", "https://www.facebook.com/profile.php?id=1&x=2", "https://www.facebook.com/profile.php?id=1"),
        ("facebook", "https://www.facebook.com/", None),
        ("instagram", "@cafe_engel", "https://www.instagram.com/cafe_engel"),
        ("x", "https://twitter.com/cafe", "https://x.com/cafe"),
        ("linkedin", "company/cafe", "https://www.linkedin.com/company/cafe"),
        ("linkedin", "https://fi.linkedin.com/in/cafe", "https://www.linkedin.com/in/cafe"),
        ("youtube", "cafe", "https://www.youtube.com/@cafe"),
        ("youtube", "https://youtu.be/abc", "https://youtu.be/abc"),
        ("tiktok", "@cafe", "https://www.tiktok.com/@cafe"),
        ("whatsapp", "040 1234567", "https://wa.me/358401234567"),
        ("whatsapp", "https://api.whatsapp.com/send?phone=358401234567", "https://wa.me/358401234567"),
        ("whatsapp", "wa.me/358401234567", "https://wa.me/358401234567"),
        ("whatsapp", "ask at the bar", None),
        ("telegram", "cafe", "https://t.me/cafe"),
        ("facebook", "https://cafe.fi/facebook", None),
        ("facebook", "Cafe Engel Oy", None),
    ],
)
def test_profile(platform: str, raw: str, url: str | None) -> None:
    assert links.profiles(platform, raw, "FI") == ([url] if url else [])


@given(st.sampled_from(sorted(links.PLATFORMS)), st.text())
def test_profiles_are_on_their_platform(platform: str, raw: str) -> None:
    for url in links.profiles(platform, raw, "FI"):
        assert links.platform_of(url) == platform
        assert links.profiles(platform, url, "FI") == [url]


def test_platform_of_another_site() -> None:
    assert links.platform_of("https://notfacebook.com/x") is None
    assert links.platform_of("https://www.facebook.com/x") == "facebook"
