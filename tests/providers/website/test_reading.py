from hypothesis import given, settings
from hypothesis import strategies as st

from providers.website import read_page

URL = "https://www.kahvila.example/"


def test_a_page_says_its_title() -> None:
    assert read_page(URL, b"<title> Kahvila </title>").title == "Kahvila"


@settings(deadline=None)
@given(st.binary(), st.none() | st.text())
def test_any_bytes_can_be_read(body: bytes, content_type: str | None) -> None:
    assert read_page(URL, body, content_type).url == URL
