"""API keys through the real contract, on both databases: shown once, told to nobody else, found only so often."""

import shutil
import socket
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import app as application
import web
from core import api_key, clock, config
from services import accounts, api_keys
from services.accounts import Caller
from tests.handlers.conftest import HOST, error_of
from tests.traffic import Traffic, traffic

FOUND = "/v1/found-keys/revoke"
NOT_COMPARED = {"date", "x-request-id", "ratelimit", "content-length"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the application with the real contract and its real limits answers; those are in memory."""
    home = {"MAPTARGETER_HOME": str(tmp_path_factory.mktemp("real")), "MAPTARGETER_LIMITS_URL": "memory://"}
    made, ready = application.create_app(config.Settings.from_env(home)), threading.Event()
    with socket.create_server((HOST, 0)) as listener:
        served = web.build(made, ready.set)
        thread = threading.Thread(target=served.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        assert ready.wait(20)
        yield f"http://{HOST}:{listener.getsockname()[1]}"
        served.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def record() -> Traffic:
    """This is traffic by the real contract."""
    return traffic()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Both kinds of database here, unlike in the other tests of the edge."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    path = tmp_path / "maptargeter.db"
    shutil.copy(request.getfixturevalue("sqlite_template"), path)
    return f"sqlite:///{path}"


_hour = [clock.now()]


@pytest.fixture
def start() -> datetime:
    """A moment at which nothing has been counted for an hour, and the clock stopped there."""
    _hour[0] += timedelta(hours=2)
    moment = _hour[0]
    clock.set_source(lambda: moment)
    return moment


def typo(key: str) -> str:
    return key[:-1] + ("A" if key[-1] != "A" else "B")


def told(answer: httpx.Response) -> tuple[Any, ...]:
    """Everything an answer says but for what differs between any two."""
    headers = {name: value for name, value in answer.headers.items() if name not in NOT_COMPARED}
    body = answer.json() if answer.content else {}
    body.get("error", {}).pop("request_id", None)
    return answer.status_code, headers, body


def test_a_key_is_changed(client: httpx.Client) -> None:
    made = client.post("/api-keys", json={"name": "CI", "scopes": ["leads:read"]}).json()
    changed = client.patch(f"/api-keys/{made['id']}", json={"name": "CD", "expires_at": "2999-01-01T00:00:00+02:00"})
    assert changed.status_code == 200
    assert changed.json() == {name: value for name, value in made.items() if name != "key"} | {
        "name": "CD", "expires_at": "2998-12-31T22:00:00.000Z",
    }  # fmt: skip
    assert client.get(f"/api-keys/{made['id']}").json() == changed.json()


@pytest.mark.parametrize(
    "body",
    [{}, {"name": None}, {"scopes": []}, {"scopes": ["everything"]}, {"revoked_at": None}, {"expires_at": "soon"}],
)
def test_a_change_must_make_sense(client: httpx.Client, body: dict[str, Any]) -> None:
    made = client.post("/api-keys", json={"name": "CI", "scopes": ["leads:read"]}).json()
    error_of(client.patch(f"/api-keys/{made['id']}", json=body), 400, "invalid_request")


def test_a_successor_is_shown_once(client: httpx.Client) -> None:
    old = client.post("/api-keys", json={"name": "CI", "scopes": ["leads:read"]}).json()
    answer = client.post(f"/api-keys/{old['id']}/rotate", json={})
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/api-keys/{made['id']}"
    assert (made["replaces"], made["replaced_by"]) == (old["id"], None)
    left = client.get(f"/api-keys/{old['id']}").json()
    age = clock.parse(left["expires_at"]) - clock.parse(made["created_at"])
    assert (left["replaced_by"], age) == (made["id"], timedelta(hours=24))
    assert made["key"] not in client.get(f"/api-keys/{made['id']}").text + client.get("/api-keys").text
    error_of(client.post(f"/api-keys/{old['id']}/rotate", json={}), 409, "conflict")
    for hours in (-1, 169, 1.5, "24", None):
        error_of(client.post(f"/api-keys/{made['id']}/rotate", json={"overlap_hours": hours}), 400, "invalid_request")


@pytest.mark.parametrize("path", ["/api-keys", "/api-keys/{id}/rotate"])
def test_a_lost_answer_is_given_again_to_the_same_key_only(client: httpx.Client, account: Caller, path: str) -> None:
    made = client.post("/api-keys", json={"name": "CI", "scopes": ["leads:read", "scans:read"]}).json()
    body: dict[str, Any] = {} if "rotate" in path else {"name": "x", "scopes": ["scans:read"]}
    once = {"Idempotency-Key": "once"}
    first, again = (client.post(path.format(**made), json=body, headers=once) for _ in range(2))
    assert first.status_code == again.status_code == 201
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    weak = api_keys.create(account, "weak", ["api_keys:write"])[1]
    answer = client.post(path.format(**made), json=body, headers=once | {"X-API-Key": weak})
    error_of(answer, 400, "idempotency_mismatch")
    assert "mt_live_" not in answer.text


def test_a_key_of_another_account_is_no_key(client: httpx.Client) -> None:
    theirs = api_keys.create(accounts.create("bob@example.com"), "theirs", ["leads:read"])[0].id
    nobodys = "key_" + "0" * 26
    for method, path, body in (
        ("PATCH", "/api-keys/{}", {"name": "mine"}),
        ("POST", "/api-keys/{}/rotate", {}),
        ("DELETE", "/api-keys/{}", None),
        ("GET", "/api-keys/{}", None),
    ):
        answers = [client.request(method, path.format(key_id), json=body) for key_id in (theirs, nobodys)]
        error_of(answers[0], 404, "not_found")
        assert told(answers[0]) == told(answers[1])


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
def test_what_a_refused_key_was_is_not_told(anonymous: httpx.Client, account: Caller, key: str, header: str) -> None:
    revoked, secret = api_keys.create(account, "revoked", ["leads:read"])
    api_keys.revoke(account, revoked.id)
    refused = [secret, api_key.generate(), typo(key), typo(secret), "mt_live_x", "rubbish"]
    prefix = "Bearer " if header == "Authorization" else ""
    answers = [anonymous.get("/v1/account", headers={header: prefix + wrong}) for wrong in refused]
    error_of(answers[0], 401, "invalid_api_key")
    assert all(told(answer) == told(answers[0]) for answer in answers)
    assert len({len(answer.content) for answer in answers}) == 1


def test_a_finder_is_always_told_the_same(anonymous: httpx.Client, account: Caller, key: str, start: datetime) -> None:
    revoked, secret = api_keys.create(account, "revoked", ["leads:read"])
    api_keys.revoke(account, revoked.id)
    expired = api_keys.create(account, "expired", ["leads:read"], clock.stamp(clock.now() + timedelta(minutes=1)))[1]
    clock.set_source(lambda: start + timedelta(minutes=2))
    found = [key, key, secret, expired, api_key.generate(), typo(key), key[:-1], "rubbish", "\0é", " " * 500]
    answers = [anonymous.post(FOUND, json={"key": text}) for text in found]
    assert answers[0].status_code == 204
    assert all(told(answer) == told(answers[0]) for answer in answers)
    error_of(anonymous.get("/v1/account", headers={"X-API-Key": key}), 401, "invalid_api_key")


@pytest.mark.usefixtures("start")
def test_a_finder_needs_no_key_and_a_wrong_one_does_no_harm(anonymous: httpx.Client, key: str) -> None:
    for headers in ({}, {"X-API-Key": "rubbish"}, {"X-API-Key": key}, {"Authorization": "Bearer x", "X-API-Key": key}):
        assert anonymous.post(FOUND, json={"key": "rubbish"}, headers=headers).status_code == 204


@pytest.mark.usefixtures("start")
def test_a_refusal_does_not_repeat_the_key(anonymous: httpx.Client, key: str) -> None:
    for body in ({"key": [key]}, {"key": key, key: 1}, {"secret": key}, {key: key}, [key], key, {"key": key * 11}):
        answer = anonymous.post(FOUND, json=body)
        error_of(answer, 400, "invalid_request")
        assert key not in answer.text
    assert anonymous.get("/v1/account", headers={"X-API-Key": key}).status_code == 200


def test_sixty_an_hour_from_one_address(anonymous: httpx.Client, key: str, start: datetime) -> None:
    for number in range(60):
        answer = anonymous.post(FOUND, json={"key": "rubbish"} if number % 2 else {})
        assert answer.status_code == (204 if number % 2 else 400)  # invalid requests count
        assert answer.headers["ratelimit-policy"] == '"per-address";q=60;w=3600'
        assert answer.headers["ratelimit"] == f'"per-address";r={59 - number};t=3600'
    answer = anonymous.post(FOUND, json={"key": key})
    assert error_of(answer, 429, "rate_limited")["retry_after"] == int(answer.headers["retry-after"]) == 3600
    # what it counts, and what it does not
    assert anonymous.get("/v1/account", headers={"X-API-Key": key}).status_code == 200
    assert anonymous.get("/v1/status").headers["ratelimit"].startswith('"per-address";r=59;')
    clock.set_source(lambda: start + timedelta(seconds=3599.999))
    assert anonymous.post(FOUND, json={"key": key}).status_code == 429
    clock.set_source(lambda: start + timedelta(seconds=3600))
    assert anonymous.post(FOUND, json={"key": key}).status_code == 204


def test_the_audit_log_says_which_key_did_it_from_where(client: httpx.Client, account: Caller, key: str) -> None:
    made = client.post("/api-keys", json={"name": "CI", "scopes": ["leads:read"]}).json()
    client.delete(f"/api-keys/{made['id']}")
    log = client.get("/audit-log", params={"limit": 2})
    revoked, created = log.json()["data"]
    own = api_keys.authenticate(key).key_id
    assert [(one["actor"], one["address"], one["target_id"]) for one in (revoked, created)] == [
        (own, "127.0.0.1", made["id"]), (own, "127.0.0.1", made["id"]),
    ]  # fmt: skip
    assert [revoked["action"], created["action"]] == ["api_key.revoked", "api_key.created"]
    assert created["changes"] == [
        {"field": "name", "before": None, "after": "CI"},
        {"field": "scopes", "before": None, "after": "leads:read"},
    ]
    assert 'rel="next"' in log.headers["link"]
    [first] = client.get("/audit-log", params={"cursor": log.json()["next_cursor"]}).json()["data"]
    assert (first["actor"], first["address"]) == ("operator", None)
    blind = api_keys.create(account, "blind", ["api_keys:read"])[1]
    error_of(client.get("/audit-log", headers={"X-API-Key": blind}), 403, "insufficient_scope")
