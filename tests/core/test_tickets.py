"""A ticket says what it was written for, and nobody else can write one."""

import string

from hypothesis import given
from hypothesis import strategies as st

from core import tickets

KEY, OTHER = b"k" * 32, b"o" * 32
SUBJECTS = st.text(string.ascii_letters + string.digits + "_:-", min_size=1, max_size=60)


@given(SUBJECTS, st.integers(0, 2**40))
def test_what_was_written_is_read(subject: str, expires: int) -> None:
    ticket = tickets.write(KEY, subject, expires)
    assert tickets.read(KEY, ticket) == (subject, expires)
    assert tickets.read(OTHER, ticket) is None


@given(SUBJECTS, st.data())
def test_no_other_text_is_one(subject: str, data: st.DataObject) -> None:
    """Not even one that differs in a single character: base64 has spare bits at its end."""
    ticket = tickets.write(KEY, subject, 1)
    place = data.draw(st.integers(0, len(ticket) - 1))
    character = data.draw(st.sampled_from(string.ascii_letters + string.digits + "-_.= é"))
    forged = ticket[:place] + character + ticket[place + 1 :]
    assert forged == ticket or tickets.read(KEY, forged) is None


@given(st.text(max_size=300))
def test_what_is_none_is_refused(text: str) -> None:
    assert tickets.read(KEY, text) is None
