"""How the platform does, in numbers: what all processes counted, and how the queue looks now.

Every process counts for itself (``core.meters``) and adds it to the database every few seconds, so that any web process
can tell the whole, however many there are on however many machines. What a killed process had not added is lost.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate

from core import clock, meters
from core.meters import BOUNDS_S
from models import base, counter, job_admin
from services import request_log

log = logging.getLogger(__name__)

FLUSH_S = 5.0
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """How durations are spread: (upper bound in seconds, how many up to it), the last for all; and their sum."""

    buckets: list[tuple[str, float]]
    sum_s: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that is measured. Keys are a name and its labels."""

    counts: dict[meters.Key, float]
    spreads: dict[meters.Key, Spread]
    jobs: dict[tuple[str, str], int]
    """How many by (kind, state)."""
    oldest_ready_s: dict[str, float]
    """Seconds that the longest waiting job of a kind could have run."""


def snapshot() -> Snapshot:
    """Return the numbers as they are now, those of this process included."""
    flush()
    with base.connection():
        counted, census, now = counter.all_counters(), job_admin.census(), clock.now()
    plain = {key: value for key, value in counted.items() if not key[0].endswith(("_bucket", "_sum"))}
    waits = {
        one.kind: max(0.0, (now - clock.parse(one.since)).total_seconds()) for one in census if one.state == "ready"
    }
    return Snapshot(plain, _spreads(counted), {(one.kind, one.state): one.number for one in census}, waits)


def flush() -> None:
    """Add what this process counted to the whole; keep it for the next time if the database does not answer."""
    taken = meters.take()
    if not taken:
        return
    try:
        with base.connection(), base.transaction():
            counter.add(taken)
    except Exception as error:  # numbers must never be what breaks the work
        meters.put_back(taken)
        log.error("cannot add to the counters: %s", error)


@contextmanager
def flushing() -> Iterator[None]:
    """Flush every few seconds, and at the end; so also what is kept of requests (``services.request_log``)."""
    done = threading.Event()

    def work() -> None:
        while not done.wait(FLUSH_S):
            flush()
            request_log.flush()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        flush()
        request_log.flush()


def _spreads(counted: dict[meters.Key, float]) -> dict[meters.Key, Spread]:
    """Put the ranges of each duration together."""
    found: dict[meters.Key, dict[str, float]] = {}
    for (name, labels), value in counted.items():
        if name.endswith("_bucket"):
            others = tuple(label for label in labels if label[0] != "le")
            found.setdefault((name.removesuffix("_bucket"), others), {})[dict(labels)["le"]] = value
    bounds = [*map(str, BOUNDS_S), "+Inf"]
    return {
        (name, labels): Spread(
            list(zip(bounds, accumulate(ranges.get(bound, 0.0) for bound in bounds), strict=True)),
            counted.get((f"{name}_sum", labels), 0.0),
        )
        for (name, labels), ranges in found.items()
    }
