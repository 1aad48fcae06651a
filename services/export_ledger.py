"""Which leads an export holds, kept for as long as the export is, so that a later one can leave them out.

A ledger is the last 60 bits of the ids of all leads that an export covers: those in it, and those that were left out
because an earlier export had them. So weekly exports that each name the one before never repeat a lead.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from core.blobs import Store, Writer

_DIGITS = 12  # of base 32: random ones of a ULID; two of a million leads agree in them once in two million accounts
_TO_PYTHON = str.maketrans("0123456789abcdefghjkmnpqrstvwxyz", "0123456789abcdefghijklmnopqrstuv")


class Ledger:
    """The leads that an earlier export covers, eight bytes each."""

    def __init__(self, keys: Iterable[int]) -> None:
        self._keys = array("Q", sorted(keys))

    def lacks(self, ids: Sequence[str]) -> list[bool]:
        """Tell of each lead id whether it is not covered."""
        return [not self._has(key) for key in _keys("".join([each[-_DIGITS:] for each in ids]))]

    def _has(self, key: int) -> bool:
        place = bisect_left(self._keys, key)
        return place < len(self._keys) and self._keys[place] == key


def note(file: Writer, ids: Sequence[str]) -> None:
    """Write down leads."""
    file.write("".join([each[-_DIGITS:] for each in ids]).encode())


def load(store: Store, key: str) -> Ledger:
    """Read the ledger that is kept under ``key``; raise NotFound."""
    return Ledger(each for text in _texts(store, key) for each in _keys(text))


def copy(store: Store, key: str, file: Writer) -> None:
    """Begin a ledger with another one, which it then goes beyond."""
    for piece in store.read(key):
        file.write(piece)


def _texts(store: Store, key: str) -> Iterator[str]:
    left = b""
    for piece in store.read(key):
        left += piece
        whole = len(left) - len(left) % _DIGITS
        yield left[:whole].decode()
        left = left[whole:]


def _keys(text: str) -> list[int]:
    plain = text.translate(_TO_PYTHON)
    return [int(plain[start : start + _DIGITS], 32) for start in range(0, len(plain), _DIGITS)]
