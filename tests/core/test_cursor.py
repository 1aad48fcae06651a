import re
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core import cursor
from core.errors import InvalidCursor

SECRET = b"0" * 32
BINDING = "acc_1 list_leads {} last_seen"
BASE64URL = string.ascii_letters + string.digits + "-_"
# Written by the first version; must be readable by every later one.
GOLDEN = (
    "AQQJrKT3BNP2L8cGZmVD1GdbIjIwMjYtMTEtMjRUMDQ6Mzg6MDAuMTIzWiIsImxlYWRfMD"
    "FqZGYwMDAwMDAwMDAwMDAwMDAwMDAwMDAwIiw3LDIuNSxudWxsLHRydWVd"
)
GOLDEN_POSITION: list[cursor.Scalar] = [
    "2026-11-24T04:38:00.123Z",
    "lead_01jdf0000000000000000000000",
    7,
    2.5,
    None,
    True,
]

scalars: st.SearchStrategy[cursor.Scalar] = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)  # fmt: skip
positions = st.lists(scalars, max_size=3)


@given(st.binary(min_size=1, max_size=64), st.text(st.characters(exclude_categories=["Cs"])), positions)
def test_what_goes_in_comes_out(secret: bytes, binding: str, position: list[cursor.Scalar]) -> None:
    text = cursor.encode(secret, binding, position)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,512}", text)
    assert cursor.decode(secret, binding, text) == position


def test_cursors_written_by_earlier_versions_stay_good() -> None:
    assert cursor.decode(SECRET, BINDING, GOLDEN) == GOLDEN_POSITION
    assert cursor.encode(SECRET, BINDING, GOLDEN_POSITION) == GOLDEN


@given(positions, st.data())
def test_a_change_of_any_character_is_refused(position: list[cursor.Scalar], data: st.DataObject) -> None:
    text = cursor.encode(SECRET, BINDING, position)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from(BASE64URL))
    assume(other != text[place])
    with pytest.raises(InvalidCursor):
        cursor.decode(SECRET, BINDING, text[:place] + other + text[place + 1 :])


@given(st.one_of(st.text(), st.text(BASE64URL, max_size=600)))
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        cursor.decode(SECRET, BINDING, text)


@pytest.mark.parametrize("spoiled", [GOLDEN + "=", GOLDEN + "\n", " " + GOLDEN, GOLDEN[:-1], GOLDEN * 20])
def test_only_the_exact_text_is_accepted(spoiled: str) -> None:
    with pytest.raises(InvalidCursor):
        cursor.decode(SECRET, BINDING, spoiled)


def test_a_cursor_is_good_for_its_own_query_and_secret_only() -> None:
    for secret, binding in [(SECRET, BINDING + " "), (SECRET, ""), (b"1" * 32, BINDING)]:
        with pytest.raises(InvalidCursor):
            cursor.decode(secret, binding, GOLDEN)


@given(st.text("ab", max_size=6), positions)
def test_text_cannot_move_between_binding_and_position(binding: str, position: list[cursor.Scalar]) -> None:
    text = cursor.encode(SECRET, binding, position)
    with pytest.raises(InvalidCursor):
        cursor.decode(SECRET, binding + "[", text)


def test_the_refusal_says_where() -> None:
    with pytest.raises(InvalidCursor) as query:
        cursor.decode(SECRET, BINDING, "x")
    with pytest.raises(InvalidCursor) as body:
        cursor.decode(SECRET, BINDING, "x", where="body")
    assert [(v.where, v.field, v.pointer) for v in query.value.details] == [("query", "cursor", "")]
    assert [(v.where, v.field, v.pointer) for v in body.value.details] == [("body", "cursor", "/cursor")]


def test_a_position_that_does_not_fit_is_a_mistake_of_the_caller() -> None:
    cursor.encode(SECRET, BINDING, ["x" * 360])
    with pytest.raises(ValueError, match="too long"):
        cursor.encode(SECRET, BINDING, ["x" * 370])
