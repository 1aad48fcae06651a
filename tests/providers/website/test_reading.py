from hypothesis import given, settings
from hypothesis import strategies as st

from providers.website import read_page

URL = "https://www.kahvila.example/"
PIECES = [
    "<div>",
    "<p>",
    "</div>",
    "<a href='mailto:",
    "tel:",
    "a@b.fi",
    "'>",
    "09123456",
    "<script>",
    "</script>",
    "<!--",
    "{",
]
HTML = """<html lang="fi-FI"><head><title> Kahvila  Lumi </title><meta name="description" content="Hyvää kahvia">
<meta name="viewport" content="width=device-width"><meta name="generator" content="WordPress 6.5">
<link rel="alternate" hreflang="en" href="/en/"><link rel="alternate" hreflang="x-default" href="/"></head><body>
<script src="https://www.googletagmanager.com/gtag/js?id=G-1"></script><p>&copy; 2019-2024 Kahvila Lumi Oy</p>
<form action="/search"><input name="q"></form><form><input type="email"><textarea></textarea></form></body></html>"""


def test_a_page_says_what_it_is() -> None:
    page = read_page(URL, HTML.encode())

    assert (page.title, page.description, page.kind) == ("Kahvila Lumi", "Hyvää kahvia", "home")
    assert page.languages == ("fi-FI", "en")
    assert (page.generator, page.builder) == ("WordPress 6.5", "WordPress")
    assert "Google Analytics" in page.technologies
    assert page.copyright_year == 2024
    assert page.mobile_viewport
    assert page.contact_form
    assert [one.value for one in page.legal_names] == ["Kahvila Lumi Oy"]


def test_the_page_s_own_hints_tell_where_its_numbers_are_meant() -> None:
    body = b"<html lang=de><p>Tel. 030 2312512"

    assert read_page("https://www.lumi.com/", body).phones[0].value.e164 == "+49302312512"
    assert read_page("https://www.lumi.ch/", b"<p>Tel. 044 668 18 00").phones[0].value.e164 == "+41446681800"
    assert (
        read_page("https://www.lumi.com/", b"<p>Tel. 030 2312512", country="DE").phones[0].value.e164 == "+49302312512"
    )


def test_evidence_tells_where_and_how() -> None:
    (found,) = read_page(URL, b"<a href='mailto:Info@Kahvila.Example?subject=Hei'>Mail</a>").emails

    assert (found.value.address, found.value.kind) == ("info@kahvila.example", "role")
    assert [(piece.source_url, piece.method) for piece in found.evidence] == [(URL, "mailto")]
    assert 0 < found.confidence <= 1


def test_small_hidden_pieces_are_no_part_of_an_address() -> None:
    page = read_page(URL, b"<p>info<span style='display:none'>NOSPAM</span>@kahvila.example</p>")

    assert [one.value.address for one in page.emails] == ["info@kahvila.example"]


@settings(deadline=None)
@given(st.binary(), st.none() | st.text())
def test_any_bytes_can_be_read(body: bytes, content_type: str | None) -> None:
    assert read_page(URL, body, content_type).url == URL


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(PIECES)))
def test_any_soup_can_be_read(pieces: list[str]) -> None:
    read_page(URL, " ".join(pieces).encode(), None, "FI")
