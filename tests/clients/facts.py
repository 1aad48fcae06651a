"""What every program plays with and tells; apart from the rest, so that a program starts as quickly as a user's."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TypeVar

BBOX = [24.93, 60.16, 24.96, 60.185]
FAR_TOO_MUCH = [-10.0, 35.0, 30.0, 70.0]
CENTRE = (60.17, 24.94)
NOBODY = "scan_" + "0" * 26
LONG_AGO = "2020-01-01T00:00:00Z"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that says no: its status, its code and each violation as `place field: code`."""

    status: int
    code: str
    details: list[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a program saw."""

    endpoint_id: str
    secret: str
    estimated: int  # cafés, by a dry run
    scan_id: str
    same_scan_id: str  # by the same request with the same idempotency key
    found: int
    total: int  # cafés and bars in the box
    pages: list[list[str]]  # ids of the first two, three each, by name
    nearby: list[str]  # ids of three cafés around the centre with a phone or website, nearest first
    lead: str  # name of the nearest
    export_id: str
    rows: int
    sha256: str  # as announced
    file_sha256: str  # of what was downloaded
    deliveries: list[str]  # events that arrived, by name
    key_id: str
    read_with_key: str  # name of the lead that the new key read
    revoked: Refusal  # the same with that key revoked
    missing: Refusal  # a scan that nobody has
    invalid: Refusal  # leads within a radius of nothing
    too_large: Refusal  # a scan of half of Europe

    def tell(self) -> None:
        """Print it for the test that started the program."""
        print(json.dumps(asdict(self)))


def heard(text: str) -> Facts:
    """Read what a program told; raise TypeError if its facts are others."""
    told = json.loads(text)
    for name in ("revoked", "missing", "invalid", "too_large"):
        told[name] = Refusal(**told[name])
    return Facts(**told)


def expect(kind: type[T], value: object) -> T:
    """Return ``value`` as the type it must be."""
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}, got {value!r}")
    return value


def until(ask: Callable[[], T], good: Callable[[T], bool]) -> T:
    """Ask until the answer is a good one, and return it; raise TimeoutError after half a minute."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        answer = ask()
        if good(answer):
            return answer
        time.sleep(0.05)
    raise TimeoutError(f"last answer: {answer!r}")
