"""What an operator sees of two web processes and a job process, behind a proxy: true numbers and true addresses."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest

from services import metrics
from tests.platform import Platform

TOKEN = "prometheus reads this"
REQUESTS = 24


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    made = Platform(tmp_path, MAPTARGETER_TRUSTED_PROXIES="127.0.0.0/8", MAPTARGETER_METRICS_TOKEN=TOKEN)
    made.start("--workers", "2")
    yield made
    assert made.stop() == 0


def numbers(platform: Platform) -> dict[str, float]:
    """Read the metrics when every process has told what it counted."""
    time.sleep(metrics.FLUSH_S + 0.5)
    answer = httpx.get(f"{platform.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    return {name: float(value) for name, value in re.findall(r"^(\w+\{.*\}) (\S+)$", answer.text, re.MULTILINE)}


def remaining(platform: Platform, address: str) -> int:
    """Ask without a key through a proxy; return how much more this client may ask."""
    answer = httpx.get(f"{platform.url}/v1/status", headers={"X-Forwarded-For": f"1.1.1.1, {address}"})
    found = re.search(r"r=(\d+)", answer.headers["RateLimit"])
    assert found
    return int(found[1])


def test_an_operator_looks_after_it(platform: Platform) -> None:
    ada, _ = platform.roomy_account("ada@example.com")
    ada.scanned()  # there are no places: only the job matters
    for _ in range(REQUESTS):  # on connections of their own, so that both processes get some
        answer = httpx.get(f"{platform.url}/v1/leads", headers={"X-API-Key": ada.key})
        assert answer.status_code == 200
    assert [remaining(platform, "203.0.113.9") for _ in range(3)] == [59, 58, 57]
    assert remaining(platform, "203.0.113.10") == 59

    told = numbers(platform)
    assert told['maptargeter_http_requests_total{operation="list_leads",status="200"}'] == REQUESTS
    assert told['maptargeter_http_request_seconds_count{operation="list_leads"}'] == REQUESTS
    assert told['maptargeter_http_requests_total{operation="create_scan",status="202"}'] == 1
    assert told['maptargeter_job_attempts_total{kind="run_scan",outcome="finished"}'] == 1
    assert told['maptargeter_jobs{kind="periodic:old_dead_jobs",state="waiting"}'] == 1
    assert httpx.get(f"{platform.url}/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 404

    assert "WRONG" not in platform.run("doctor")
    rows = [orjson.loads(line) for line in platform.run("jobs", "list", "--json").splitlines()]
    assert {row["state"] for row in rows} == {"queued"}
    assert all(row["kind"].startswith("periodic:") for row in rows)
