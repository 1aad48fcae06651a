"""How fast the queue is on SQLite in one process, and what a flood of one account costs another.

`python -m benchmarks.jobs [--jobs N] [--flood N] [--fsync]`: one line for each measurement, the best of three runs, by
the clock on the wall and by the CPU's, which others on a busy machine do not slow down. Without --fsync it is what the
queue itself costs; with it, what the disk adds.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

from models import base, job, migrations
from models.job_line import Share

BATCH = 16
ROUNDS = 3


class Took(NamedTuple):
    """Seconds, by the clock on the wall and by the CPU's."""

    wall_s: float
    cpu_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--flood", type=int, default=1_000_000)
    parser.add_argument("--fsync", action="store_true", help="synchronous=full, as in production")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pragmas = {"synchronous": "full" if chosen.fsync else "normal"}
        base.connect(f"sqlite:///{Path(folder) / 'jobs.db'}", pragmas=pragmas)
        migrations.migrate()
        with base.connection():
            measure(chosen.jobs)
            flood(chosen.flood)


def measure(number: int) -> None:
    """Print jobs a second for each way to enqueue and to claim."""
    best: dict[str, Took] = {}
    for _ in range(ROUNDS):
        for name, work in STEPS:
            took = timed(partial(work, number))
            before = best.get(name, took)
            best[name] = Took(min(before.wall_s, took.wall_s), min(before.cpu_s, took.cpu_s))
    for name, took in best.items():
        print(f"{name:<36} {number / took.wall_s:>10,.0f} jobs/s {number / took.cpu_s:>10,.0f} jobs per CPU second")


def enqueue_together(number: int) -> None:
    for start in range(0, number, 1000):
        with base.transaction():
            job.enqueue_many([job.New("work", {"n": n}, "acc_a") for n in range(start, start + 1000)])


def enqueue_singly(number: int) -> None:
    for n in range(number):
        with base.transaction():
            job.enqueue("work", {"n": n}, account_id="acc_a")


def claim_and_finish_singly(number: int) -> None:
    share = {"work": Share(BATCH)}
    for _ in range(number):
        (claimed,) = job.claim({"work": 1}, "bench", lease_s=60, shares=share)
        job.finish(claimed)


def claim_and_finish_together(number: int) -> None:
    done = 0
    while done < number:
        claimed = job.claim({"work": BATCH}, "bench", lease_s=60, batch=BATCH, shares={"work": Share(BATCH)})
        with base.transaction():
            done += len(job.finish_many(claimed))


STEPS: list[tuple[str, Callable[[int], None]]] = [
    ("enqueue, 1,000 in a transaction", enqueue_together),
    ("claim and finish, one at a time", claim_and_finish_singly),
    ("enqueue, one in a transaction", enqueue_singly),
    (f"claim and finish, {BATCH} at a time", claim_and_finish_together),
]


def flood(number: int) -> None:
    """Print what claiming one account's job costs behind ``number`` jobs of another that has its share."""
    enqueue_together(number)
    with base.transaction():
        job.enqueue_many([job.New("work", {}, "acc_b") for _ in range(1000)])
    full = {"work": Share(10, {"acc_a": 10})}
    times = [timed(partial(_claim_one, full)) for _ in range(1000)]
    idle = timed(lambda: [job.claim({"work": 4}, "bench", lease_s=60, shares=full) for _ in range(100)])
    print(f"behind {number:,} jobs of an account that has its share:")
    print(
        f"  another account's job is claimed in    {median(took.cpu_s for took in times) * 1000:>8.2f} ms CPU (median)"
    )
    print(f"  finding that there is none takes       {idle.cpu_s * 10:>8.2f} ms CPU")


def _claim_one(shares: dict[str, Share]) -> None:
    (claimed,) = job.claim({"work": 4}, "bench", lease_s=60, shares=shares)
    assert claimed.account_id == "acc_b"


def timed(work: Callable[[], object]) -> Took:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Took(time.perf_counter() - wall, time.process_time() - cpu)


if __name__ == "__main__":
    main()
