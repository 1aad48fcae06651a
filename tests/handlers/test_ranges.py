"""Ranges, as RFC 9110 has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import ranges
from handlers.ranges import Span

TAG = "abc"


def span(text: str, size: int = 100, if_range: str | None = None) -> Span | None:
    headers = {"Range": text} | ({"If-Range": if_range} if if_range is not None else {})
    return ranges.span(headers, size, TAG)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("bytes=0-9", Span(0, 10)),
        ("bytes=90-", Span(90, 10)),
        ("bytes=90-1000", Span(90, 10)),
        ("bytes=-10", Span(90, 10)),
        ("bytes=-1000", Span(0, 100)),
        ("Bytes=5-5", Span(5, 1)),
        ("bytes=5-4", None),
        ("bytes=0-1,5-6", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=\u0660-", None),
        ("chars=0-9", None),
        ("", None),
    ],
)
def test_spans(text: str, found: Span | None) -> None:
    assert span(text) == found


@pytest.mark.parametrize("text", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_beyond_the_end(text: str) -> None:
    with pytest.raises(ranges.Unsatisfiable):
        span(text)


def test_of_nothing_there_is_no_range() -> None:
    assert span("", size=0) is None
    for text in ("bytes=0-", "bytes=-1"):
        with pytest.raises(ranges.Unsatisfiable):
            span(text, size=0)


def test_a_range_of_something_else_is_the_whole() -> None:
    assert span("bytes=0-9", if_range='"abc"') == Span(0, 10)
    for other in ('"abd"', 'W/"abc"', "Tue, 24 Nov 2026 04:38:00 GMT", ""):
        assert span("bytes=0-9", if_range=other) is None
    assert span("bytes=200-", if_range='"abd"') is None


def test_what_is_known() -> None:
    for text, known in (
        ('"abc"', True),
        ('"x", W/"abc"', True),
        ("*", True),
        ('"x"', False),
        ("", False),
        ("abc", False),
    ):
        assert ranges.known({"If-None-Match": text}, TAG) is known


@given(st.integers(1, 1000), st.integers(0, 1200), st.integers(0, 1200))
def test_a_span_lies_within(size: int, first: int, last: int) -> None:
    try:
        found = span(f"bytes={first}-{last}", size)
    except ranges.Unsatisfiable:
        assert first >= size
        return
    if found is None:
        assert last < first
    else:
        assert (found.start, found.length) == (first, min(size, last + 1) - first)
        assert found.length > 0
