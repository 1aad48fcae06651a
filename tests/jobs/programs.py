"""A job process for tests that kill it: ``python -m tests.jobs.programs DATABASE_URL JOURNAL LEASE_S``.

Its handlers write what they do to the journal, one line at a time.
"""

import os
import sys
import time
from pathlib import Path

from jobs.worker import Worker
from models import base
from models.job import Job


class Journal:
    """A file that several processes append lines to."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def hang(self, job: Job) -> None:
        """Never end at the first attempt."""
        self.write("start", job)
        time.sleep(60 if job.attempt == 1 else 0)
        self.write("end", job)

    def nap(self, job: Job) -> None:
        self.write("start", job)
        time.sleep(job.payload["seconds"])
        self.write("end", job)

    def write(self, word: str, job: Job) -> None:
        os.write(self._file, f"{word} {job.id} {job.attempt} {os.getpid()}\n".encode())


def main(url: str, path: str, lease_s: str) -> None:
    base.connect(url)
    journal = Journal(Path(path))
    Worker({"hang": journal.hang, "nap": journal.nap}, lease_s=float(lease_s), poll_s=0.05).run_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
