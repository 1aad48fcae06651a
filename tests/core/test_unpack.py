import gzip
import zlib
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.unpack import read


def bare(data: bytes) -> bytes:
    return zlib.compress(data, wbits=-zlib.MAX_WBITS)


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    " GZIP ": gzip.compress,
}


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@given(st.binary(max_size=300), st.sampled_from(["", "identity", "br", *PACKERS]), st.integers(1, 40))
def test_bodies_come_out_as_they_were(body: bytes, encoding: str, size: int) -> None:
    packed = PACKERS.get(encoding, bytes)(body)
    assert read(pieces(packed, size), encoding, 300) == (body, False)


@given(st.binary(max_size=300), st.integers(1, 40))
def test_deflate_without_its_frame_is_understood(body: bytes, size: int) -> None:
    assert read(pieces(bare(body), size), "deflate", 300) == (body, False)


@given(st.binary(max_size=100), st.integers(0, 100), st.sampled_from(["", *PACKERS]), st.integers(1, 40))
def test_never_more_than_the_limit(body: bytes, limit: int, encoding: str, size: int) -> None:
    packed = PACKERS.get(encoding, bytes)(body)
    assert read(pieces(packed, size), encoding, limit) == (body[:limit], len(body) > limit)


def test_a_gzip_bomb_costs_no_more_than_the_limit() -> None:
    taken = 0

    def bomb() -> Iterator[bytes]:
        nonlocal taken
        packer = zlib.compressobj(wbits=31)
        block = bytes(1 << 20)
        for _ in range(1000):  # a gigabyte
            taken += 1
            yield packer.compress(block) + packer.flush(zlib.Z_SYNC_FLUSH)

    assert read(bomb(), "gzip", 100_000) == (bytes(100_000), True)
    assert taken == 1


def test_packing_without_content_ends_too() -> None:
    """Empty deflate blocks are five bytes each and unpack to nothing."""
    empty = zlib.compressobj(wbits=31)
    flood = (empty.flush(zlib.Z_FULL_FLUSH) or b"\x00\x00\x00\xff\xff" for _ in range(10**7))
    assert read(flood, "gzip", 1000) == (b"", True)


@pytest.mark.parametrize(
    "damage", [b"not gzip at all", gzip.compress(b"a" * 1000, mtime=0)[:20], b"\x1f", b"\x1f\x8b\x08"]
)
def test_what_a_damaged_packing_hides_is_missing(damage: bytes) -> None:
    body, missing = read([damage], "gzip", 10_000)
    assert missing
    assert body == b"a" * len(body)


def test_an_absent_body_is_complete() -> None:
    assert read([], "gzip", 10) == (b"", False)
    assert read([b""], "gzip", 10) == (b"", False)
