import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.website.decoding import decode

TEXT = "<p>Pâtisserie Étoile, écrire à l'été, größte Hämeenlinna</p>"


@pytest.mark.parametrize(
    ("charset", "content_type", "head"),
    [
        ("utf-8", None, ""),
        ("utf-8-sig", "text/html; charset=iso-8859-1", ""),
        ("utf-8", "text/html; charset=iso-8859-1", "<meta charset=latin1>"),
        ("cp1252", "text/html; charset=utf-8", "<meta charset=windows-1252>"),
        ("cp1252", "text/html; charset=ISO-8859-1", ""),
        ("latin-1", None, '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1">'),
        ("cp1252", "text/html; charset=nonsense", "<meta charset=ascii>"),
        ("utf-16", None, ""),
        ("utf-16-le", "text/html", ""),
        ("cp1252", None, ""),
    ],
)
def test_text_comes_through(charset: str, content_type: str | None, head: str) -> None:
    html = head + TEXT * 3

    assert decode(html.encode(charset), content_type) == html


def test_a_charset_that_nobody_says_is_guessed() -> None:
    html = "<p>Добро пожаловать, каждый день свежая выпечка</p>" * 5

    assert decode(html.encode("cp1251")) == html


def test_a_few_broken_bytes_do_not_change_the_charset() -> None:
    assert "Hämeenlinna" in decode(TEXT.encode() + b"\xff<p>x")


@settings(deadline=None)
@given(st.binary(max_size=400), st.none() | st.text(max_size=40))
def test_any_bytes_can_be_decoded(body: bytes, content_type: str | None) -> None:
    assert isinstance(decode(body, content_type), str)
