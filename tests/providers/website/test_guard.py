import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.website import guard, read_page

HOSTILE = {
    "deep": "<div>" * 50_000,
    "tables": "<table>" * 30_000,
    "formatting": "".join(f"<font a{n}>" for n in range(5_000)) + "<p>x" * 20_000,
    "misnested": ("<b>" * 3 + "<div>") * 100 + "<br>" * 50_000 + "</b>" * 5_000,
    "attributes": "<p " + " ".join(f"a{n}=1" for n in range(30_000)) + ">x",
    "open quotes": '<a b="' * 30_000,
    "open comments": "<!--" * 30_000,
    "angles": "<" * 200_000,
    "lists": "<ul><li>" * 50_000,
    "at signs": "a@" * 50_000,
    "dots": "a@" + "a." * 50_000,
    "digits": "1 " * 60_000,
    "brackets": "(at)" * 30_000,
    "letters": "A" * 200_000,
    "words": "Aa " * 50_000,
    "names": ("A" * 20 + " ") * 10_000 + "Oy",
    "spaces": " " * 200_000 + "x",
    "labels": "Tel: " * 30_000,
    "links": "<a href='/contact'>Contact</a>" * 5_000,
    "json": '<script type="application/ld+json">' + "[" * 50_000 + "</script>",
    "scripts": "<script>mailto:@" + "'a'+" * 20_000 + "</script>",
    "items": "<div itemscope itemprop=a>" * 5_000,
}


ORDINARY = '<div class="a"><p>Tel. 09 123 456 or <a href="/contact">write</a></p></div>' * 2_000


@pytest.fixture(scope="module")
def usual() -> float:
    """Seconds of CPU for a byte of a page that means no harm."""
    return cost(ORDINARY)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_costs_little_more_than_its_size(name: str, usual: float) -> None:
    assert cost(HOSTILE[name]) < 20 * usual  # at most 7 times, measured; what is quadratic costs hundreds of times


def cost(html: str) -> float:
    start = time.process_time()
    read_page("https://www.shop.fi/", html.encode())
    return (time.process_time() - start) / len(html)


def test_an_ordinary_page_is_left_as_it_is() -> None:
    html = "<html><body>" + '<div class="a"><p>x <b>y</b><br></p></div>' * 2_000

    assert guard.tame(html) == html


def test_what_a_deep_page_says_is_kept() -> None:
    html = "<div>" * 10_000 + "<a href=mailto:info@lumi.fi>" + "</div>" * 10_000

    assert [one.value.address for one in read_page("https://www.lumi.fi/", html.encode()).emails] == ["info@lumi.fi"]


@given(st.text(alphabet="<>/ab\"'= -!div", max_size=300))
def test_any_text_can_be_tamed(html: str) -> None:
    assert len(guard.tame(html)) <= len(html)
    assert len(guard._Scan(html).run()) <= len(html)
