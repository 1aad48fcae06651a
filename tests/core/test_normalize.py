import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import normalize


@given(st.text())
def test_text_is_one_tidy_line_and_stays_as_it_is(raw: str) -> None:
    once = normalize.text(raw)

    assert normalize.text(once) == once
    assert len(once) <= normalize.MAX_TEXT
    assert not any(char in once for char in "\x00\r\n\t")
    assert "  " not in once


def test_text_composes_letters_and_drops_controls() -> None:
    assert normalize.text(" Cafe\u0301\u00a0\x00 de  l'A\u030angstro\u0308m\n") == "Café de l'Ångström"


def test_text_drops_half_characters_that_no_database_takes() -> None:
    assert normalize.text("a\ud800b") == "a b"


def test_items_are_the_parts_of_a_list_each_once() -> None:
    assert normalize.items("pizza; burger;;pizza ") == ["pizza", "burger"]


@pytest.mark.parametrize(
    ("raw", "addresses"),
    [
        ("Info@Cafe.FI", ["info@cafe.fi"]),
        ("a@x.fi; b@x.fi, a@x.fi c@x.fi", ["a@x.fi", "b@x.fi", "c@x.fi"]),
        ("mailto:a@x.fi?subject=Hi", ["a@x.fi"]),
        ("<a@x.fi>", ["a@x.fi"]),
        ("a (at) x.fi", ["a@x.fi"]),
        ("first.last+tag@sub.x-y.co.uk.", ["first.last+tag@sub.x-y.co.uk"]),
        ("info@käse.de", ["info@xn--kse-qla.de"]),
        ("call us", []),
        ("@x.fi", []),
        ("a@", []),
        ("a@localhost", []),
        ("a..b@x.fi", []),
        ("a@x..fi", []),
        ("a@-x.fi", []),
        (f"{'a' * 65}@x.fi", []),
    ],
)
def test_emails(raw: str, addresses: list[str]) -> None:
    assert normalize.emails(raw) == addresses


@given(st.text() | st.emails().map(str))
def test_emails_normalised_twice_are_the_same(raw: str) -> None:
    once = normalize.emails(raw)

    assert [address for found in once for address in normalize.emails(found)] == once
    assert all(address.isascii() and address == address.lower() for address in once)


@given(st.from_regex(r"[a-z0-9]{1,20}\.[a-z]{2,10}", fullmatch=True), st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True))
def test_a_plain_address_is_kept(domain: str, local: str) -> None:
    assert normalize.emails(f" {local}@{domain} ") == [f"{local}@{domain}"]


def test_hours_that_cannot_be_read_are_kept_and_flagged() -> None:
    assert normalize.hours("Mo-Fr 10:00-18:00") == {"raw": "Mo-Fr 10:00-18:00", "valid": True}
    assert normalize.hours("Seasonal, only summer time") == {"raw": "Seasonal, only summer time", "valid": False}
    assert normalize.hours("  ") is None


@given(st.text() | st.text("MoTuSaFr0123456789:-;, +offPH\"'()[]/"))
def test_hours_never_raise(raw: str) -> None:
    found = normalize.hours(raw)

    assert found is None or normalize.hours(found["raw"]) == found
