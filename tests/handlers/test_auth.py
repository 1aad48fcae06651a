"""Whose request it is: both header forms, every way a key can fail, on both databases."""

import shutil
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from core import api_key, clock
from models import account as table
from models import base
from services import api_keys
from services.accounts import Caller
from tests.handlers import small
from tests.handlers.conftest import error_of

CHALLENGE = 'Bearer realm="MapTargeter"'
REFUSED = f'{CHALLENGE}, error="invalid_token"'


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Both kinds of database here, unlike in the other tests of the edge."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    path = tmp_path / "maptargeter.db"
    shutil.copy(request.getfixturevalue("sqlite_template"), path)
    return f"sqlite:///{path}"


def test_both_header_forms(anonymous: httpx.Client, account: Caller, key: str) -> None:
    for headers in (
        {"X-API-Key": key},
        {"Authorization": f"Bearer {key}"},
        {"authorization": f"bearer  {key}"},
        {"X-API-Key": key, "Authorization": f"Bearer {key}"},
        {"X-API-Key": key, "Authorization": "Basic dXNlcjpwYXNz"},
    ):
        assert anonymous.post("/v1/things", headers=headers, json={"name": "x"}).status_code == 201
        assert small.taken["caller"].account_id == account.account_id


def test_no_key(anonymous: httpx.Client) -> None:
    for headers in ({}, {"X-API-Key": ""}, {"Authorization": "Basic dXNlcjpwYXNz"}, {"Authorization": ""}):
        answer = anonymous.get("/v1/things?limit=0", headers=headers)
        error_of(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == CHALLENGE


def test_two_keys(anonymous: httpx.Client, account: Caller, key: str) -> None:
    other = api_keys.create(account, "other", ["leads:read"])[1]
    for headers in (
        [("X-API-Key", key), ("Authorization", f"Bearer {other}")],
        [("X-API-Key", key), ("Authorization", "Bearer rubbish")],
        [("X-API-Key", "rubbish"), ("Authorization", f"Bearer {key}")],
        [("X-API-Key", key), ("Authorization", "Bearer")],
        [("X-API-Key", key), ("X-API-Key", other)],
        [("Authorization", f"Bearer {key}"), ("Authorization", f"Bearer {other}")],
    ):
        error = error_of(anonymous.get("/v1/things", headers=headers), 400, "conflicting_credentials")
        assert key not in str(error)


def test_keys_that_are_not_valid(anonymous: httpx.Client, key: str) -> None:
    typo = key[:-1] + ("A" if key[-1] != "A" else "B")
    for wrong in (typo, api_key.generate(), "mt_live_", "rubbish", key + "x", "cl\xe9"):
        answer = anonymous.get("/v1/things", headers=[(b"X-API-Key", wrong.encode("latin-1"))])
        error_of(answer, 401, "invalid_api_key")
        assert answer.headers["www-authenticate"] == REFUSED
        assert wrong not in answer.text


def test_a_revoked_key_stops_at_once(client: httpx.Client, account: Caller, key: str) -> None:
    assert client.get("/things").status_code == 200
    with base.connection():
        api_keys.revoke(account, api_keys.authenticate(key).key_id or "")
    error_of(client.get("/things"), 401, "invalid_api_key")


def test_a_key_expires(anonymous: httpx.Client, account: Caller) -> None:
    until = clock.now() + timedelta(hours=1)
    key = api_keys.create(account, "short", ["leads:read"], clock.stamp(until))[1]
    assert anonymous.get("/v1/things", headers={"X-API-Key": key}).status_code == 200
    clock.set_source(lambda: until + timedelta(seconds=1))
    error_of(anonymous.get("/v1/things", headers={"X-API-Key": key}), 401, "expired_api_key")


def test_a_key_lacks_a_scope(anonymous: httpx.Client, account: Caller) -> None:
    headers = {"X-API-Key": api_keys.create(account, "reader", ["leads:read"])[1]}
    assert anonymous.get("/v1/things", headers=headers).status_code == 200
    answer = anonymous.post("/v1/things", headers=headers, json={"wrong": 1})
    assert "`scans:write`" in error_of(answer, 403, "insufficient_scope")["message"]
    assert answer.headers["ratelimit"]


def test_use_is_noted_to_the_minute(client: httpx.Client, account: Caller) -> None:
    def used() -> str:
        return str(api_keys.page(account, 1).rows[0].last_used_at)

    start = clock.now().replace(second=10, microsecond=0)
    for later, noted in ((0, 0), (30, 0), (80, 60), (200, 180)):
        clock.set_source(lambda later=later: start + timedelta(seconds=later))  # type: ignore[misc]  # a bound default
        assert client.get("/things").status_code == 200
        assert used() == clock.stamp(start.replace(second=0) + timedelta(seconds=noted))


def test_a_note_that_cannot_be_written_does_no_harm(client: httpx.Client) -> None:
    with base.transaction():
        table.ApiKey.update(name="held").execute()
        assert client.get("/things").status_code == 200


def test_an_operation_without_security_needs_no_key(anonymous: httpx.Client) -> None:
    assert anonymous.get("/v1/ping").status_code == 200
    assert anonymous.get("/v1/ping", headers={"X-API-Key": "rubbish"}).status_code == 200
