"""One contract for all stores, by the real clock; and every rule by a clock that tests move."""

import itertools
import logging
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter

from core.limits import Decision, Limiter, headers
from core.limits_log import MemoryStore
from core.limits_sqlite import SqliteStore
from tests.core.conftest import TestClock, ValkeyServer

ROOT = Path(__file__).parents[2]
SHARED = ["sqlite", "valkey"]
fresh_key = map("key{}".format, itertools.count()).__next__


def url_of(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    if kind == "valkey":
        return str(request.getfixturevalue("valkey_url"))
    return "memory://" if kind == "memory" else f"sqlite:///{folder / 'limits.db'}"


@pytest.fixture
def shared_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return url_of(request.param, request, tmp_path)


@pytest.fixture(params=["memory", *SHARED])
def limiter(request: pytest.FixtureRequest, tmp_path: Path) -> Limiter:
    return Limiter.from_url(url_of(request.param, request, tmp_path))


def test_as_many_as_the_limit_are_admitted(limiter: Limiter) -> None:
    key = fresh_key()
    decisions = [limiter.hit(key, 3) for _ in range(5)]
    assert [decision.allowed for decision in decisions] == [True] * 3 + [False] * 2
    assert [decision.remaining for decision in decisions] == [2, 1, 0, 0, 0]
    assert {decision.retry_after_s for decision in decisions[:3]} == {0}
    assert decisions[4] == Decision(False, 3, 0, reset_s=60, retry_after_s=60, window_s=60)
    assert limiter.healthy


def test_peeking_counts_nothing(limiter: Limiter) -> None:
    key = fresh_key()
    assert limiter.peek(key, 2) == Decision(True, 2, 2, reset_s=0, retry_after_s=0)
    limiter.hit(key, 2)
    for _ in range(3):
        assert limiter.peek(key, 2) == Decision(True, 2, 1, reset_s=60, retry_after_s=0)
    limiter.hit(key, 2)
    assert limiter.peek(key, 2) == Decision(False, 2, 0, reset_s=60, retry_after_s=60)


def test_a_refused_cost_leaves_room_for_a_smaller_one(limiter: Limiter) -> None:
    key = fresh_key()
    assert limiter.hit(key, 10, cost=8).remaining == 2
    assert not limiter.hit(key, 10, cost=3).allowed
    assert limiter.hit(key, 10, cost=2) == Decision(True, 10, 0, reset_s=60, retry_after_s=0)


def test_costs_beyond_the_limit_and_of_nothing(limiter: Limiter) -> None:
    key = fresh_key()
    assert limiter.hit(key, 5, cost=0) == Decision(True, 5, 5, reset_s=0, retry_after_s=0)
    assert limiter.hit(key, 5, cost=50) == Decision(True, 5, 0, reset_s=60, retry_after_s=0)
    assert limiter.hit(key, 5, cost=0).allowed
    assert limiter.hit(key, 2, cost=0) == Decision(True, 2, 0, reset_s=60, retry_after_s=0)
    assert limiter.hit(key, 2) == Decision(False, 2, 0, reset_s=60, retry_after_s=60)


def test_keys_and_windows_are_counted_apart(limiter: Limiter) -> None:
    key = fresh_key()
    assert limiter.hit(key, 1, 60).allowed
    assert limiter.hit(key, 1, 3600).allowed
    assert limiter.hit(f"{key}-other", 1, 60).allowed
    assert not limiter.hit(key, 1, 60).allowed
    assert limiter.hit(key, 1, 3600).retry_after_s in (3599, 3600)


def test_who_waits_as_told_is_admitted_by_the_real_clock(limiter: Limiter) -> None:
    key = fresh_key()
    limiter.hit(key, 3, window_s=1, cost=2)
    time.sleep(0.4)
    limiter.hit(key, 3, window_s=1)
    refused = limiter.hit(key, 3, window_s=1, cost=3)
    assert not refused.allowed
    assert refused.retry_after_s == 1
    time.sleep(refused.retry_after_s)
    assert limiter.hit(key, 3, window_s=1, cost=3).allowed


def test_a_cost_fits_when_enough_of_the_oldest_have_left(limiter: Limiter) -> None:
    key = fresh_key()
    for cost in (2, 1, 1):
        limiter.hit(key, 4, cost=cost)
        time.sleep(0.05)
    waits = [limiter.store.take(f"{key}/60", 4, 60, cost, record=False).wait for cost in (1, 2, 3, 4)]
    assert abs(waits[1] - waits[0]) < 40_000
    assert min(waits[2] - waits[1], waits[3] - waits[2]) > 40_000


@pytest.fixture
def frequent_switches() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("frequent_switches")
def test_threads_of_one_process_share_the_limit(limiter: Limiter) -> None:
    key, admitted, start = fresh_key(), list[bool](), threading.Barrier(8)

    def work() -> None:
        start.wait()
        admitted.extend([limiter.hit(key, 900).allowed for _ in range(200)])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(admitted) == 900


@pytest.mark.parametrize(("limit", "window", "cost"), [(0, 60, 1), (1, 0, 1), (1, 60, -1)])
def test_a_limit_that_is_none_is_a_mistake_of_the_caller(limit: int, window: int, cost: int) -> None:
    with pytest.raises(ValueError, match="not a limit"):
        Limiter.from_url("memory://").hit("key", limit, window, cost)


def test_an_unknown_scheme_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="MAPTARGETER_LIMITS_URL"):
        Limiter.from_url("memcached://127.0.0.1")


# Several processes

HAMMER = """
import sys, time
from core.limits import Limiter
limiter, limit = Limiter.from_url(sys.argv[1]), int(sys.argv[2])
time.sleep(max(0, float(sys.argv[3]) - time.time()))
end = time.time() + 1.6
while (before := time.time()) < end:
    if limiter.hit("shared", limit, 1).allowed:
        print(before, time.time())
assert limiter.healthy
"""


@pytest.mark.parametrize("shared_url", SHARED, indirect=True)
def test_four_processes_never_exceed_the_limit_in_any_window(shared_url: str) -> None:
    limit = 40
    command = [sys.executable, "-c", HAMMER, shared_url, str(limit), str(time.time() + 1)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(4)]
    lines = [line for process in processes for line in process.communicate()[0].splitlines()]
    assert [process.returncode for process in processes] == [0] * 4
    admitted = [tuple(map(float, line.split())) for line in lines]
    for start, _ in admitted:
        assert sum(start <= before and after < start + 1 for before, after in admitted) <= limit
    assert len(admitted) >= limit


FORK = """
import os, sys, threading
from core.limits import Limiter
limiter = Limiter.from_url(sys.argv[1])
stop = threading.Event()
def use():
    while not stop.is_set():
        limiter.hit("busy", 10**6)
thread = threading.Thread(target=use)
if sys.argv[2] == "busy":
    thread.start()
limiter.hit("before", 1)
for _ in range(8):
    if not os.fork():
        admitted = sum(limiter.hit("forked", 60).allowed for _ in range(10))
        os._exit(admitted if limiter.healthy else 99)
print(*(os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(8)))
stop.set()
"""


# The Redis client itself may hang in a child of a process whose threads were using it.
@pytest.mark.parametrize(("shared_url", "parent"), [("sqlite", "busy"), ("valkey", "idle")], indirect=["shared_url"])
def test_processes_that_forked_share_the_limit(shared_url: str, parent: str) -> None:
    command = [sys.executable, "-W", "ignore", "-c", FORK, shared_url, parent]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=60)
    assert sum(map(int, done.stdout.split())) == 60


# By a clock that tests move


class Model:
    """The same limit in the plainest words: add up what is within the window."""

    def __init__(self, limit: int, window: int) -> None:
        self.limit, self.window = limit, window * 1_000_000
        self.hits: list[tuple[int, int]] = []

    def used(self, now: int) -> int:
        return sum(cost for at, cost in self.hits if at > now - self.window)

    def hit(self, now: int, cost: int) -> bool:
        allowed = self.used(now) + cost <= self.limit
        if allowed:
            self.hits.append((now, cost))
        return allowed


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def clocked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Limiter:
    return Limiter.from_url(url_of(request.param, request, tmp_path_factory.mktemp("limits")))


steps = st.lists(
    st.tuples(st.integers(0, 1_500_000) | st.sampled_from([0, 999_999, 1_000_000, 1_000_001]), st.integers(0, 9)),
    max_size=40,
)


@given(st.integers(1, 9), st.integers(1, 4), steps)
def test_every_decision_is_that_of_the_plain_rule(
    clocked: Limiter, limit: int, window: int, steps: list[tuple[int, int]]
) -> None:
    watch, key, model, now = TestClock(), fresh_key(), Model(limit, window), 0
    for pause, cost in steps:
        now += pause
        watch.advance(microseconds=pause)
        decision = clocked.hit(key, limit, window, cost)
        assert decision.allowed == model.hit(now, min(cost, limit))
        assert decision.remaining == limit - model.used(now)
        assert decision.reset_s <= window
        if not decision.allowed:
            assert decision.retry_after_s >= max(1, decision.reset_s)


@given(st.integers(1, 9), st.integers(1, 100), steps, st.integers(1, 9))
def test_who_waits_exactly_as_told_is_admitted_and_no_sooner(
    clocked: Limiter, limit: int, window: int, steps: list[tuple[int, int]], cost: int
) -> None:
    watch, key = TestClock(), fresh_key()
    for pause, spent in steps:
        watch.advance(microseconds=pause)
        clocked.hit(key, limit, window, spent)
    refused = clocked.hit(key, limit, window, cost)
    watch.advance(seconds=max(0, refused.retry_after_s - 1))
    assert refused.allowed or refused.retry_after_s == 1 or not clocked.peek(key, limit, window, cost).allowed
    watch.advance(seconds=1)
    assert refused.allowed or clocked.hit(key, limit, window, cost).allowed


def test_a_hit_leaves_at_the_end_of_its_window_to_the_microsecond(clocked: Limiter) -> None:
    watch, key = TestClock(), fresh_key()
    clocked.hit(key, 1)
    watch.advance(seconds=59, microseconds=999_999)
    assert clocked.hit(key, 1) == Decision(False, 1, 0, reset_s=1, retry_after_s=1)
    watch.advance(microseconds=1)
    assert clocked.hit(key, 1).allowed


def test_a_clock_set_back_costs_a_client_one_window_at_most(clocked: Limiter) -> None:
    watch, key = TestClock(), fresh_key()
    clocked.hit(key, 2)
    watch.advance(seconds=-3600)
    assert clocked.hit(key, 2) == Decision(True, 2, 0, reset_s=60, retry_after_s=0)
    assert clocked.hit(key, 2).retry_after_s == 60
    watch.advance(seconds=60)
    assert clocked.hit(key, 2, cost=2).allowed


def test_keys_that_nobody_uses_are_forgotten(tmp_path: Path, test_clock: TestClock) -> None:
    memory, path = MemoryStore(), tmp_path / "limits.db"
    stores = [Limiter(memory), Limiter.from_url(f"sqlite:///{path}")]
    for limiter in stores:
        for number in range(250):
            limiter.hit(f"address {number}", 5, cost=2)
        limiter.hit("day", 5, window_s=86400)
    for _ in range(5):
        test_clock.advance(seconds=60)
        for limiter in stores:
            limiter.peek("x", 1)
    assert set(memory._logs) == {"day/86400", "x/60"}
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT key FROM hit").fetchall() == [("day/86400",)]
    db.close()


# When the store does not answer


def test_without_its_store_a_process_keeps_its_own_budget(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "missing"
    limiter = Limiter(SqliteStore(f"sqlite:///{folder / 'limits.db'}"), probe_s=0.05)
    assert limiter.healthy
    with caplog.at_level(logging.WARNING):
        assert [limiter.hit("key", 2).allowed for _ in range(4)] == [True, True, False, False]
        assert not limiter.healthy
        folder.mkdir()
        time.sleep(0.06)
        assert limiter.hit("key", 2).allowed
    assert limiter.healthy
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_a_file_that_is_no_database_is_a_store_that_does_not_answer(tmp_path: Path) -> None:
    path = tmp_path / "limits.db"
    path.write_bytes(b"not a database at all" * 100)
    limiter = Limiter.from_url(f"sqlite:///{path}")
    assert [limiter.hit("key", 1).allowed for _ in range(2)] == [True, False]
    assert not limiter.healthy


@pytest.fixture
def stuck(tmp_path: Path) -> Iterator[str]:
    url = f"sqlite:///{tmp_path / 'limits.db'}"
    Limiter.from_url(url).hit("key", 1)
    db = sqlite3.connect(tmp_path / "limits.db", isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    yield url
    db.close()


def test_a_store_that_hangs_delays_few_and_not_for_long(stuck: str) -> None:
    limiter = Limiter(SqliteStore(stuck), probe_s=60)
    start = time.monotonic()
    assert limiter.hit("key", 1).allowed
    assert time.monotonic() - start < 2
    assert not limiter.hit("key", 1).allowed
    assert time.monotonic() - start < 2
    assert not limiter.healthy


def test_a_server_that_went_away_and_came_back(tmp_path: Path) -> None:
    server = ValkeyServer(data_dir=tmp_path)
    server.start()
    port = server.port
    limiter = Limiter.from_url(server.connection_url)
    limiter = Limiter(limiter.store, probe_s=0)
    assert limiter.hit("key", 2).allowed
    server.terminate()
    assert [limiter.hit("key", 1).allowed for _ in range(2)] == [True, False]
    assert not limiter.healthy
    again = ValkeyServer(port=port, data_dir=tmp_path)
    again.start()
    assert limiter.hit("key", 2).allowed
    assert limiter.healthy
    again.stop()


# What others see


def test_headers_in_the_syntax_of_the_draft() -> None:
    admitted = headers(Decision(True, 60, 12, reset_s=34, retry_after_s=0))
    refused = headers(Decision(False, 600, 0, reset_s=34, retry_after_s=41, window_s=3600), "per-hour")
    assert admitted == {"RateLimit-Policy": '"per-minute";q=60;w=60', "RateLimit": '"per-minute";r=12;t=34'}
    assert refused == {
        "RateLimit-Policy": '"per-hour";q=600;w=3600',
        "RateLimit": '"per-hour";r=0;t=34',
        "Retry-After": "41",
    }


def test_the_limits_package_counts_in_the_same_file(tmp_path: Path, test_clock: TestClock) -> None:
    storage = storage_from_string(f"sqlite:///{tmp_path / 'limits.db'}")
    assert isinstance(storage, SqliteStore)
    assert storage.check()
    window, item = MovingWindowRateLimiter(storage), RateLimitItemPerMinute(3)
    assert window.get_window_stats(item, "ip").remaining == 3
    assert [window.hit(item, "ip", cost=2), window.hit(item, "ip", cost=2), window.hit(item, "ip")] == [
        True,
        False,
        True,
    ]
    assert not window.test(item, "ip")
    assert window.get_window_stats(item, "ip") == (test_clock.moment.timestamp() + 60, 0)
    assert not window.hit(item, "other", cost=4)
    window.clear(item, "ip")
    assert window.hit(item, "ip", cost=3)
    assert storage.reset() == 1
    assert window.test(item, "ip", cost=3)
    with pytest.raises(NotImplementedError, match="moving-window"):
        FixedWindowRateLimiter(storage).hit(item, "ip")
