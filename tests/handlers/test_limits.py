"""How fast a key or an address may go, seen from outside, by a clock that the tests set."""

import re
from datetime import datetime, timedelta

import httpx
import pytest

from core import clock
from models import account as table
from services import accounts, api_keys
from services.accounts import Caller
from tests.handlers.conftest import ADDRESS_LIMIT, error_of


class Time:
    """The time that everybody sees."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        clock.set_source(lambda: self._now)

    def wait(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


@pytest.fixture
def time() -> Time:
    return Time(clock.now() + timedelta(minutes=5))  # beyond what earlier tests spent


@pytest.fixture
def free(account: Caller) -> dict[str, str]:
    """The headers of a key on the free plan: 60 a minute. It needs an account, which brings the database."""
    assert account.plan.name == "enterprise"
    return {"X-API-Key": api_keys.create(accounts.create("free@example.com"), "free", api_keys.SCOPES)[1]}


def standing(answer: httpx.Response) -> tuple[int, int]:
    """Return how many requests are left, and in how many seconds more will be."""
    found = re.fullmatch(r'"per-minute";r=(\d+);t=(\d+)', answer.headers["ratelimit"])
    assert found
    return int(found[1]), int(found[2])


def test_the_free_plan(anonymous: httpx.Client, free: dict[str, str], time: Time) -> None:
    statuses = [anonymous.get("/v1/things", headers=free).status_code for _ in range(70)]
    assert statuses == [200] * 60 + [429] * 10
    answer = anonymous.get("/v1/things", headers=free)
    error = error_of(answer, 429, "rate_limited")
    wait = int(answer.headers["retry-after"])
    assert error["retry_after"] == wait == 60
    assert "60 requests a minute" in error["message"]
    assert answer.headers["ratelimit-policy"] == '"per-minute";q=60;w=60'
    assert standing(answer) == (0, 60)
    time.wait(wait - 0.001)
    assert anonymous.get("/v1/things", headers=free).status_code == 429
    time.wait(0.001)
    assert anonymous.get("/v1/things", headers=free).status_code == 200


@pytest.mark.usefixtures("time")
def test_every_answer_to_a_key_says_where_it_stands(anonymous: httpx.Client, free: dict[str, str]) -> None:
    left = 60
    for method, path, status, cost in (
        ("GET", "/v1/things", 200, 1),
        ("HEAD", "/v1/things", 200, 1),
        ("GET", "/v1/things?limit=0", 400, 1),
        ("GET", "/v1/things/unknown", 404, 1),
        ("POST", "/v1/things", 400, 3),
        ("DELETE", "/v1/things/x", 204, 1),
    ):
        answer = anonymous.request(method, path, headers=free)
        left -= cost
        assert (answer.status_code, standing(answer)[0]) == (status, left)
        assert "retry-after" not in answer.headers


@pytest.mark.usefixtures("time")
def test_invalid_requests_count(anonymous: httpx.Client, free: dict[str, str]) -> None:
    statuses = [anonymous.get("/v1/things?limit=0", headers=free).status_code for _ in range(61)]
    assert statuses == [400] * 60 + [429]


@pytest.mark.usefixtures("time")
def test_keys_are_counted_apart(anonymous: httpx.Client, free: dict[str, str], key: str) -> None:
    for _ in range(61):
        last = anonymous.get("/v1/things", headers=free)
    assert last.status_code == 429
    assert anonymous.get("/v1/things", headers={"X-API-Key": key}).status_code == 200


@pytest.mark.usefixtures("time")
def test_a_limit_agreed_for_one_account(anonymous: httpx.Client, account: Caller, key: str) -> None:
    table.Account.update(limits={"requests_per_minute": 2}).where(table.Account.id == account.account_id).execute()
    statuses = [anonymous.get("/v1/things", headers={"X-API-Key": key}).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_an_address_without_a_valid_key(anonymous: httpx.Client, key: str, time: Time) -> None:
    wrong = {"X-API-Key": "rubbish"}
    for _ in range(ADDRESS_LIMIT - 2):
        assert anonymous.get("/v1/things", headers=wrong).status_code == 401
    assert anonymous.get("/v1/ping").headers["ratelimit"].startswith('"per-address";r=1;')
    error_of(anonymous.get("/v1/things"), 401, "unauthenticated")
    for path in ("/v1/things", "/v1/ping"):
        answer = anonymous.get(path, headers=wrong)
        error = error_of(answer, 429, "rate_limited")
        assert error["retry_after"] == int(answer.headers["retry-after"]) >= 1
    assert anonymous.get("/v1/things", headers={"X-API-Key": key}).status_code == 200
    assert anonymous.get("/healthz").status_code == 200
    time.wait(int(answer.headers["retry-after"]))
    error_of(anonymous.get("/v1/things", headers=wrong), 401, "invalid_api_key")
