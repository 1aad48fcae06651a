"""Killed at any place, and killed again while it recovers, the platform loses nothing and does nothing twice.

CRASH_PAIRS double crashes are tried on SQLite (12 unless set), and CRASH_SINGLES single ones (6 unless set; "all" for
every place).
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).parents[2]
PAIRS = int(os.environ.get("CRASH_PAIRS", "12"))
SINGLES = os.environ.get("CRASH_SINGLES", "6")
SEED = int(os.environ.get("CRASH_SEED", "1"))


def report(**wanted: Any) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.faults.harness", orjson.dumps(wanted).decode()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert done.stdout, done.stderr.decode()
    return dict(orjson.loads(done.stdout))


def test_on_sqlite() -> None:
    told = report(singles=None if SINGLES == "all" else int(SINGLES), pairs=PAIRS, seed=SEED)
    assert told["wrong"] == {}
    assert told["doubles"] == PAIRS
    assert len(told["points"]) > 60
    places = "\n".join(told["points"])
    for part in (
        "idempotency.py:once",
        "scan_tile",
        "scanning.py:end",
        "request",
        "record",
        "half-way through a file",
        "enriching.py:record",
    ):
        assert part in places  # the story still passes them all


def test_on_postgresql(postgresql_url: str) -> None:
    told = report(postgresql=postgresql_url, singles=2, pairs=PAIRS // 4, seed=SEED)
    assert told["wrong"] == {}


def test_a_mistake_is_found() -> None:
    told = report(broken=True, only="create_scan")
    assert any("scan: 2, not 1" in found for found in told["wrong"].values())
