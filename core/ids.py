"""Public ids: a prefix that says what the thing is, and a ULID that sorts by creation time.

ULID layout and alphabet: https://github.com/ulid/spec (48 bits of milliseconds, 80 random bits,
Crockford base32), written in lower case.
"""

import secrets
from datetime import datetime

from core import clock

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]  # two characters a step: half the time


def new(prefix: str) -> str:
    """Return a fresh id such as ``lead_01jd...``: unguessable, and later ids sort after earlier ones."""
    milliseconds = int(clock.now().timestamp() * 1000)
    return f"{prefix}_{_encode((milliseconds << 80) | secrets.randbits(80))}"


def lowest(prefix: str, moment: datetime) -> str:
    """Return the id that sorts before every one made at ``moment`` or later, and after every one made before."""
    return f"{prefix}_{_encode(int(moment.timestamp() * 1000) << 80)}"


def _encode(number: int) -> str:
    return "".join(_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10))
