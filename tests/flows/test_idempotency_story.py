"""Sixty-four clients send the same request with the same Idempotency-Key at once: one thing is made."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx
import pytest

from tests.platform import SAMPLE_AREA, Platform, database_beside

AT_ONCE = 64
MADE: dict[str, dict[str, Any]] = {
    "/exports": {"format": "csv"},
    "/scans": {"area": SAMPLE_AREA},
    "/webhook-endpoints": {"url": "http://127.0.0.1:9/", "event_types": ["scan.completed"]},
    "/api-keys": {"name": "x", "scopes": ["leads:read"]},
}


@pytest.fixture(params=["sqlite", "postgresql"])
def busy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    """An installation with two web processes on each kind of database."""
    environ = {}
    if request.param == "postgresql":
        environ["MAPTARGETER_DATABASE_URL"] = database_beside(request.getfixturevalue("postgresql_url"), "busy")
    made = Platform(tmp_path, **environ)
    made.run("migrate")
    made.start("--workers", "2", "--no-jobs")
    yield made
    assert made.stop() == 0


def test_one_thing_is_made(busy: Platform) -> None:
    client, _ = busy.roomy_account("parallel@example.com")
    ready = Barrier(AT_ONCE)

    def send(path: str) -> httpx.Response:
        ready.wait()
        return client.post(path, json=MADE[path], headers={"Idempotency-Key": "same"})

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for path in MADE:
            before = len(client.get(path).json()["data"])
            answers = list(pool.map(send, [path] * AT_ONCE))
            good = [answer for answer in answers if answer.is_success]
            first = [answer for answer in good if "idempotency-replayed" not in answer.headers]
            assert len(first) == 1
            assert {answer.text for answer in good} == {first[0].text}
            for refused in (answer for answer in answers if not answer.is_success):
                assert refused.json()["error"]["code"] == "idempotency_in_progress"
            assert len(client.get(path).json()["data"]) == before + 1
