import threading
from collections.abc import Iterator

import pytest

from core import meters
from core.meters import key


@pytest.fixture(autouse=True)
def zero() -> Iterator[None]:
    """Begin at zero, and give back what other tests counted."""
    before = meters.take()
    yield
    meters.take()
    meters.put_back(before)


def test_counts_add_up_by_label() -> None:
    meters.count("jobs", kind="a")
    meters.count("jobs", 2, kind="a")
    meters.count("jobs", kind="b")
    assert meters.take() == {key("jobs", kind="a"): 3, key("jobs", kind="b"): 1}
    assert meters.take() == {}


@pytest.mark.parametrize(("seconds", "le"), [(0.0, "0.005"), (0.005, "0.005"), (0.0051, "0.01"), (9999, "+Inf")])
def test_a_duration_falls_into_one_range(seconds: float, le: str) -> None:
    meters.observe("took", seconds, kind="a")
    assert meters.take() == {key("took_bucket", kind="a", le=le): 1, key("took_sum", kind="a"): seconds}


def test_what_could_not_be_added_is_kept() -> None:
    meters.count("jobs")
    taken = meters.take()
    meters.count("jobs")
    meters.put_back(taken)
    assert meters.take() == {key("jobs"): 2}


def test_threads_lose_nothing() -> None:
    def work() -> None:
        for _ in range(2000):
            meters.count("jobs")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    taken = 0.0
    while any(thread.is_alive() for thread in threads):
        taken += meters.take().get(key("jobs"), 0)
    assert taken + meters.take().get(key("jobs"), 0) == 8000
