import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import base, job, job_line
from models.job_line import Head, Share

LINES = st.lists(st.lists(st.integers(-3, 3), max_size=6).map(lambda line: sorted(line, reverse=True)), max_size=4)
ACCOUNTS = st.sampled_from(["", "acc_a", "acc_b", "acc_c"])


@given(LINES, st.integers(0, 30))
def test_choosing_is_fair_between_lines(priorities: list[list[int]], batch: int) -> None:
    lines = [[(p, f"{number}-{place}") for place, p in enumerate(line)] for number, line in enumerate(priorities)]
    chosen = job_line.choose(lines, batch)
    priority = {job_id: p for line in lines for p, job_id in line}
    assert len(chosen) == min(batch, len(priority))
    assert [priority[job_id] for job_id in chosen] == sorted(priority.values(), reverse=True)[:batch]
    for number, line in enumerate(lines):  # each line in its own order, nothing skipped
        mine = [job_id for job_id in chosen if job_id.startswith(f"{number}-")]
        assert mine == [job_id for _, job_id in line][: len(mine)]


@given(st.lists(ACCOUNTS, max_size=12), st.dictionaries(ACCOUNTS, st.integers(0, 4)), st.integers(1, 4))
def test_nobody_gets_more_than_the_share(accounts: list[str], running: dict[str, int], most: int) -> None:
    line = [Head(0, str(number), account) for number, account in enumerate(accounts)]
    fit, full = job_line.within(line, Share(most, running))
    held = Counter(head.account_id for head in fit if head.account_id)
    for account in {*accounts, *running} - {""}:
        before = running.get(account, 0)
        assert held[account] == min(accounts.count(account), max(0, most - before))  # all that fits, and no more
        assert (account in full) == (held[account] + before >= most)
    assert [head for head in fit if not head.account_id] == [head for head in line if not head.account_id]


def put(account: str, number: int, kind: str = "deliver") -> list[str]:
    with base.transaction():
        return job.enqueue_many([job.New(kind, {}, account) for _ in range(number)])


def take(batch: int, most: int, **running: int) -> Counter[str | None]:
    claimed = job.claim({"deliver": batch}, "w", lease_s=60, batch=batch, shares={"deliver": Share(most, running)})
    return Counter(claimed.account_id for claimed in claimed)


@pytest.mark.usefixtures("database")
class TestShares:
    def test_one_account_alone_gets_its_share(self) -> None:
        put("acc_a", 10)
        assert take(8, 5) == {"acc_a": 5}
        assert take(3, 5, acc_a=5) == {}
        assert take(3, 5, acc_a=4) == {"acc_a": 1}

    def test_others_behind_a_long_line_are_found(self) -> None:
        put("acc_big", 300)
        for _ in range(50):
            take(1, 5)
        put("acc_small", 1)
        put("acc_late", 2)
        assert take(3, 5, acc_big=5) == {"acc_small": 1, "acc_late": 1}
        assert take(3, 5, acc_big=5) == {"acc_late": 1}

    def test_jobs_of_no_account_have_no_share(self) -> None:
        put("", 5)
        assert take(4, 1) == {None: 4}

    def test_looking_behind_many_jobs_of_one_account_costs_what_looking_behind_few_does(self) -> None:
        put("acc_big", 50)
        few = looking_behind()
        put("acc_big", 5_000)
        assert looking_behind() < 4 * few


def looking_behind() -> float:
    """Return the median of the seconds that it takes to find a small account's job behind those of a big one."""
    put("acc_small", 100)
    base.database.execute_sql("ANALYZE")  # as PostgreSQL does by itself after a while
    took = []
    for _ in range(100):
        began = time.perf_counter()
        assert take(1, 5, acc_big=5) == {"acc_small": 1}
        took.append(time.perf_counter() - began)
    return sorted(took)[50]
