"""What this process counts as it works, until somebody takes it away to add it to what all processes counted.

Counting costs a microsecond and never fails: work must not depend on being watched.
"""

import threading
from bisect import bisect_left
from collections import defaultdict

Key = tuple[str, tuple[tuple[str, str], ...]]
"""A name, and labels with their values in the order of their names."""

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
"""Upper ends of the ranges that durations are sorted into, in seconds; the last range has no end."""

_lock = threading.Lock()
_counted: defaultdict[Key, float] = defaultdict(float)


def count(name: str, by: float = 1, **labels: str) -> None:
    """Add ``by`` to a count."""
    with _lock:
        _counted[key(name, **labels)] += by


def observe(name: str, seconds: float, **labels: str) -> None:
    """Note a duration: how many fell into each range (label ``le``, not cumulated), and their sum."""
    place = bisect_left(BOUNDS_S, seconds)
    bound = str(BOUNDS_S[place]) if place < len(BOUNDS_S) else "+Inf"
    with _lock:
        _counted[key(f"{name}_bucket", le=bound, **labels)] += 1
        _counted[key(f"{name}_sum", **labels)] += max(seconds, 0.0)


def key(name: str, **labels: str) -> Key:
    return name, tuple(sorted(labels.items()))


def take() -> dict[Key, float]:
    """Return what was counted since the last time, and begin again at zero."""
    global _counted
    with _lock:
        taken, _counted = _counted, defaultdict(float)
    return dict(taken)


def put_back(taken: dict[Key, float]) -> None:
    """Count again what could not be added to the whole."""
    with _lock:
        for each, value in taken.items():
            _counted[each] += value
