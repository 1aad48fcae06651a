import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.website import links_to_visit, read_page, visiting

URL = "https://www.shop.fi/"


def visit(html: str) -> list[tuple[str, str]]:
    return [(link.url.removeprefix(URL), link.kind) for link in links_to_visit(read_page(URL, html.encode()))]


@pytest.mark.parametrize(
    ("href", "text", "kind"),
    [
        ("p1", "Yhteystiedot", "contact"),
        ("p1", "Ota yhteyttä!", "contact"),
        ("p1", "Kontakt & Anfahrt", "contact"),
        ("p1", "Mentions légales", "legal"),
        ("impressum.html", "", "legal"),
        ("p1", "Über uns", "about"),
        ("qui-sommes-nous", "", "about"),
        ("o-nas", "", "about"),
        ("index.php?page=kontakt", "", "contact"),
        ("p1", "お問い合わせ", "contact"),
        ("p1", "Nuestras tiendas", "locations"),
        ("henkilosto", "", "team"),
    ],
)
def test_likely_pages_are_known_by_text_or_path(href: str, text: str, kind: str) -> None:
    assert visit(f'<a href="{href}">{text}</a>') == [(href, kind)]


def test_the_likeliest_come_first_and_no_kind_crowds_out_another() -> None:
    contacts = "".join(f'<a href="/contact/{n}">Contact</a>' for n in range(9))

    found = visit(f'{contacts}<a href="/team">Team</a><a href="/imprint">Imprint</a>')

    assert [kind for _, kind in found[:4]] == ["contact", "contact", "legal", "team"]
    assert len(found) == 10


def test_other_sites_files_and_the_page_itself_are_not_visited() -> None:
    assert visit('<a href="https://other.fi/contact">Contact</a><a href="/contact.pdf">Contact</a>') == []
    assert visit('<a href="/">Contact</a><a href="#contact">Contact</a><a href="mailto:a@b.fi">Contact</a>') == []
    assert visit('<a href="https://shop.shop.fi/contact">Contact</a>') != []


def test_a_sitemap_s_addresses_are_judged_by_their_path() -> None:
    found = visiting.known_paths([URL + "blog/1", URL + "about-us", URL + "kontakt"])

    assert [link.url for link in found] == [URL + "kontakt", URL + "about-us"]


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_any_link_can_be_judged(href: str, text: str) -> None:
    read_page(URL, f'<a href="{href}">{text}</a>'.encode())
