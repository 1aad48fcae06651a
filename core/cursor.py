"""Page cursors that say where a list goes on, and that nobody but us can write.

A cursor is base64url(version, MAC, position). The MAC also covers the binding: who asks, for which operation, filter
and sort. A cursor is therefore good only for the query that it came from, and need not carry it.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Any

import orjson

from core.errors import InvalidCursor, Violation

Scalar = str | int | float | bool | None

MAX_LENGTH = 512
_VERSION = b"\x01"
_MAC_BYTES = 16
_SHAPE = re.compile(rf"[A-Za-z0-9_-]{{23,{MAX_LENGTH}}}")
_MESSAGE = "This cursor is damaged, or is of another account, filter or sort order. Start again without a cursor."


def encode(secret: bytes, binding: str, position: Sequence[Scalar]) -> str:
    """Return the cursor for ``position``, the sort values of the last row shown.

    ``binding`` is one canonical text of everything the next page must have in common with this one.
    Raises ValueError when the cursor would exceed ``MAX_LENGTH`` characters: some 360 bytes of JSON fit.
    """
    payload = orjson.dumps(list(position))
    raw = _VERSION + _mac(secret, binding, payload) + payload
    cursor = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    if len(cursor) > MAX_LENGTH:
        raise ValueError(f"cursor position too long: {len(payload)} bytes of JSON")
    return cursor


def decode(secret: bytes, binding: str, cursor: str, where: str = "query") -> list[Any]:
    """Return the position that ``encode`` was given; raise InvalidCursor for anything else.

    ``where`` tells the caller where it was found: ``query``, or ``body`` for a property ``cursor``.
    """
    raw = _unpacked(cursor)
    mac, payload = raw[1 : 1 + _MAC_BYTES], raw[1 + _MAC_BYTES :]
    if raw[:1] != _VERSION or not hmac.compare_digest(mac, _mac(secret, binding, payload)):
        pointer = "/cursor" if where == "body" else ""
        raise InvalidCursor(_MESSAGE, [Violation(where, "cursor", "invalid", _MESSAGE, pointer)])
    position: list[Any] = orjson.loads(payload)
    return position


def _mac(secret: bytes, binding: str, payload: bytes) -> bytes:
    """Hashing the binding first gives it a fixed length, so that no two pairs read the same."""
    bound = hashlib.sha256(binding.encode()).digest()
    return hmac.digest(secret, _VERSION + bound + payload, hashlib.sha256)[:_MAC_BYTES]


def _unpacked(cursor: str) -> bytes:
    """Return the bytes of a cursor, or none when it is not in the one form that ``encode`` writes."""
    if not _SHAPE.fullmatch(cursor):
        return b""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except binascii.Error:
        return b""
    # Unused bits of the last character would let one cursor be written in several ways.
    return raw if base64.urlsafe_b64encode(raw).rstrip(b"=") == cursor.encode() else b""
