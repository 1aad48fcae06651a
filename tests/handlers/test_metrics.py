"""Who may read /metrics."""

import asyncio
from pathlib import Path

import httpx

import app as application
from core import config
from models import base
from tests.handlers import small
from tests.handlers.conftest import ADDRESS_LIMIT


def test_from_this_machine(served: str) -> None:
    answer = httpx.get(f"{served}/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE maptargeter_http_requests_total counter" in answer.text
    answer = httpx.get(f"{served}/metrics")
    assert 'maptargeter_http_requests_total{operation="none",status="200"}' in answer.text


def test_not_through_a_proxy_that_was_not_named(served: str) -> None:
    answer = httpx.get(f"{served}/metrics", headers={"X-Forwarded-For": "127.0.0.1"})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_with_a_token_from_anywhere(tmp_path: Path, database: None) -> None:
    url = base.database.obj.database
    environ = {
        "MAPTARGETER_HOME": str(tmp_path),
        "MAPTARGETER_DATABASE_URL": f"sqlite:///{url}",
        "MAPTARGETER_LIMITS_URL": "memory://",
        "MAPTARGETER_METRICS_ALLOW": "",
        "MAPTARGETER_METRICS_TOKEN": "prometheus-reads-this",
    }
    made = application.assemble(config.Settings.from_env(environ), {"/v1": small.api()}, ADDRESS_LIMIT)

    async def ask() -> list[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(made), base_url="http://test") as client:
            tokens = ("", "Bearer wrong", "prometheus-reads-this", "Bearer prometheus-reads-this")
            return [(await client.get("/metrics", headers={"Authorization": token})).status_code for token in tokens]

    assert asyncio.run(ask()) == [404, 404, 404, 200]
