"""Which bytes of a file a request asks for: RFC 9110 sections 13 and 14. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=[ \t]*(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))[ \t]*", re.ASCII | re.IGNORECASE)
_TAG = re.compile(r'(?:W/)?"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes from ``start`` on, ``length`` of them."""

    start: int
    length: int


class Unsatisfiable(Exception):
    """The range begins beyond the end."""


def known(headers: Mapping[str, str], tag: str) -> bool:
    """Tell whether the client has what is tagged so, by its ``If-None-Match``."""
    sent = headers.get("If-None-Match", "")
    return sent.strip() == "*" or tag in _TAG.findall(sent)


def span(headers: Mapping[str, str], size: int, tag: str) -> Span | None:
    """Return the bytes of ``size`` that are wanted, None for all; raise Unsatisfiable.

    All for several ranges at once, for what is no range, and for one meant of something with another strong tag.
    """
    found = _RANGE.fullmatch(headers.get("Range", "").strip())
    if found is None or headers.get("If-Range", f'"{tag}"').strip() != f'"{tag}"':
        return None
    first, last, final = found.groups()
    if final is not None:
        start, end = max(0, size - int(final)), size
        satisfiable = int(final) > 0 and size > 0
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        satisfiable = start < size
        if last and int(last) < start:
            return None
    if not satisfiable:
        raise Unsatisfiable
    return Span(start, end - start)
