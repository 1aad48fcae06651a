"""Read a body up to a limit, whether it comes packed or not: a few packed bytes can hold gigabytes."""

import zlib
from collections.abc import Iterable

_PACKED = {"gzip", "x-gzip", "deflate"}
_BARE = -zlib.MAX_WBITS  # deflate without the zlib frame that RFC 9110 §8.4.1.2 asks for; some servers send it
_FRAMED = zlib.MAX_WBITS | 32  # gzip or zlib, told apart by their first bytes


def read(chunks: Iterable[bytes], encoding: str, max_bytes: int) -> tuple[bytes, bool]:
    """Return at most ``max_bytes`` of the unpacked body, and whether something is missing.

    ``encoding`` is the Content-Encoding; other ones than gzip and deflate are left as they are. Missing is what
    is over the limit and what a damaged packing hides. Stops reading as soon as the result is known.
    """
    encoding = encoding.strip().lower()
    return _read_packed(chunks, max_bytes) if encoding in _PACKED else _read_plain(chunks, max_bytes)


def _read_plain(chunks: Iterable[bytes], max_bytes: int) -> tuple[bytes, bool]:
    body = bytearray()
    for chunk in chunks:
        body += chunk[: max_bytes + 1 - len(body)]
        if len(body) > max_bytes:
            return bytes(body[:max_bytes]), True
    return bytes(body), False


def _read_packed(chunks: Iterable[bytes], max_bytes: int) -> tuple[bytes, bool]:
    body, received, unpacker = bytearray(), 0, None
    for chunk in filter(None, chunks):
        unpacker = unpacker or _unpacker_for(chunk[0])
        received += len(chunk)
        try:
            body += unpacker.decompress(chunk, max_bytes + 1 - len(body))
        except zlib.error:
            return bytes(body), True
        if len(body) > max_bytes or received > 2 * max_bytes + 1024:  # much packing can also hold nothing
            return bytes(body[:max_bytes]), True
    return bytes(body), unpacker is not None and not unpacker.eof


def _unpacker_for(first: int) -> "zlib._Decompress":
    """Tell by the first byte: gzip starts with 1f, zlib names method 8 in its low half; bare deflate does neither."""
    return zlib.decompressobj(_FRAMED if first == 0x1F or first & 15 == 8 else _BARE)
