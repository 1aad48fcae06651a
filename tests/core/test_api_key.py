import hashlib
import hmac
import re

from hypothesis import given
from hypothesis import strategies as st

from core import api_key

KEY = "mt_live_0123456789ABCDEFGHIJKLMNOPQRSTUV3MYcKP"
PRINTABLE = st.characters(min_codepoint=1, max_codepoint=0x2FF)


def test_a_key_has_the_published_shape() -> None:
    assert re.fullmatch(r"mt_live_[0-9A-Za-z]{38}", api_key.generate())
    assert re.fullmatch(r"mt_test_[0-9A-Za-z]{38}", api_key.generate(live=False))
    assert api_key.generate() != api_key.generate()


def test_keys_made_by_earlier_versions_stay_well_formed() -> None:
    assert api_key.well_formed(KEY)


@given(st.booleans(), st.data())
def test_every_one_character_typo_is_caught(live: bool, data: st.DataObject) -> None:
    key = api_key.generate(live)
    place = data.draw(st.integers(0, len(key) - 1))
    typo = data.draw(PRINTABLE.filter(lambda c: c != key[place]))
    assert api_key.well_formed(key)
    assert not api_key.well_formed(key[:place] + typo + key[place + 1 :])


@given(st.data())
def test_a_missing_doubled_or_swapped_character_is_caught(data: st.DataObject) -> None:
    key = api_key.generate()
    place = data.draw(st.integers(0, len(key) - 2))
    first, second = key[place], key[place + 1]
    assert not api_key.well_formed(key[:place] + key[place + 1 :])
    assert not api_key.well_formed(key[:place] + first + key[place:])
    assert first == second or not api_key.well_formed(key[:place] + second + first + key[place + 2 :])


@given(st.text())
def test_no_made_up_text_is_well_formed(text: str) -> None:
    assert not api_key.well_formed(text)
    assert not api_key.well_formed(f"mt_live_{text}")
    assert not api_key.well_formed(KEY + text) or not text


def test_the_digest_is_keyed() -> None:
    expected = hmac.new(b"pepper", KEY.encode(), hashlib.sha256).hexdigest()
    assert api_key.digest(KEY, b"pepper") == expected
    assert api_key.digest(KEY, b"another") != expected


def test_last4_shows_no_more_than_four() -> None:
    assert api_key.last4(KEY) == KEY[-4:]
