import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.website import business, structured
from providers.website.document import parse

URL = "https://www.lumi.fi/"
SCRIPT = '<script type="application/ld+json">{}</script>'


def read(html: str) -> business.Stated:
    return business.read(structured.items(parse(html)), URL, ["FI"])


@pytest.mark.parametrize(
    "code",
    [
        '{"@type":"Cafe","telephone":"09 652776"}',
        '{"@graph":[{"@type":["Cafe","Store"],"telephone":"09 652776",},]}',
        '<!-- {"@type":"Cafe","description":"two\nlines","telephone":"09 652776"} -->',
        "{&quot;@type&quot;:&quot;Cafe&quot;,&quot;telephone&quot;:&quot;09 652776&quot;}",
        '{"@type":"WebPage","about":{"@type":"Cafe","telephone":["09 652776"]}}',
        '[{"@type":"WebSite"},{"@type":"Cafe","contactPoint":{"@type":"ContactPoint","telephone":"09 652776"}}]',
    ],
)
def test_json_ld_is_read_even_if_broken(code: str) -> None:
    assert [one.value.e164 for one in read(SCRIPT.format(code)).phones] == ["+3589652776"]


@pytest.mark.parametrize(
    ("html", "method"),
    [
        ('<p itemscope itemtype="http://schema.org/Cafe"><i itemprop="telephone">09 652776</i></p>', "microdata"),
        ('<p vocab="https://schema.org/" typeof="Cafe"><i property="telephone">09 652776</i></p>', "rdfa"),
    ],
)
def test_marked_up_items_are_read(html: str, method: str) -> None:
    (found,) = read(html).phones

    assert (found.value.e164, found.evidence[0].method) == ("+3589652776", method)


def test_reviewers_and_products_are_not_the_business() -> None:
    stated = read(
        SCRIPT.format('{"@type":"Cafe","name":"Lumi","review":{"author":{"@type":"Person","email":"a@gmail.com"}}}')
        + SCRIPT.format('{"@type":"Product","name":"Cup","aggregateRating":{"ratingValue":5}}')
    )

    assert [one.value for one in stated.names] == ["Lumi"]
    assert not stated.emails
    assert not stated.ratings


def test_place_and_rating_are_read() -> None:
    stated = read(
        SCRIPT.format(
            '{"@type":"Cafe","name":"Lumi","geo":{"latitude":"60,17","longitude":24.94},"priceRange":"€€",'
            '"address":{"streetAddress":"Katu 1","addressLocality":"Helsinki","addressCountry":"Suomi"},'
            '"aggregateRating":{"ratingValue":"8.6","bestRating":10,"reviewCount":"12"}}'
        )
    )

    assert (stated.locations[0].value.lat, stated.locations[0].value.lon) == (60.17, 24.94)
    assert (stated.ratings[0].value.value, stated.ratings[0].value.count) == (4.3, 12)
    assert stated.addresses[0].value.country == "FI"
    assert stated.price_levels[0].value == 2


@settings(deadline=None)
@given(st.text(max_size=400), st.text(max_size=60))
def test_any_script_and_markup_can_be_read(code: str, kind: str) -> None:
    read(SCRIPT.format(code) + f'<div itemscope itemtype="{kind}"><b itemprop="{kind}">{code}</b></div>')


@pytest.mark.parametrize("code", ["[" * 100_000, '{"a":' * 100_000, '{"a":[' * 50_000])
def test_deep_json_is_survived(code: str) -> None:
    assert not read(SCRIPT.format(code)).phones
