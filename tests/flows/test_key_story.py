"""A key's life on a running installation with two web processes: made, replaced, found, revoked, told of."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from services import accounts, request_log
from services.request_log import Wanted
from tests.platform import Client, Platform, wait_until
from tests.traffic import traffic


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """An installation of its own, with two web processes."""
    made = Platform(tmp_path_factory.mktemp("two"))
    made.start("--workers", "2")
    yield made
    assert made.stop() == 0


@pytest.fixture(scope="module")
def alice(two: Platform) -> Client:
    return two.account("alice@example.com")


@pytest.fixture
def connected(two: Platform, alice: Client) -> Iterator[list[httpx.Client]]:
    """Clients with a connection each that stays open: four to each of the two web processes."""
    with ExitStack() as opened:
        clients: dict[int, list[httpx.Client]] = {}
        for _ in range(100):
            heard = {"response": [traffic().answered]}
            client = opened.enter_context(httpx.Client(base_url=f"{two.url}/v1", timeout=10, event_hooks=heard))
            clients.setdefault(process_behind(two, client, alice.key), []).append(client)
            if len(clients) == 2 and min(map(len, clients.values())) >= 4:
                break
        yield [client for some in clients.values() for client in some[:4]]


def process_behind(platform: Platform, client: httpx.Client, key: str) -> int:
    """Return the id of the web process that has the server's end of the client's connection."""
    stream = client.get("/account", headers={"X-API-Key": key}).extensions["network_stream"]
    ends = f"0100007F:{platform.port:04X}", f"0100007F:{stream.get_extra_info('client_addr')[1]:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    [socket] = [f"socket:[{row[9]}]" for row in rows if (row[1], row[2]) == ends]
    assert platform._server
    children = Path(f"/proc/{platform._server.pid}/task/{platform._server.pid}/children").read_text().split()
    [owner] = [pid for pid in children if socket in {str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()}]
    return int(owner)


def made(client: Client, name: str = "CI") -> dict[str, str]:
    body = {"name": name, "scopes": ["account:read", "api_keys:write"]}
    key: dict[str, str] = client.post("/api-keys", json=body).raise_for_status().json()
    return key


def status(client: httpx.Client, key: str) -> int:
    return client.get("/account", headers={"X-API-Key": key}).status_code


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("how", ["revoked", "found", "rotated", "narrowed", "expired"])
def test_the_end_of_a_key_holds_in_every_process(alice: Client, connected: list[httpx.Client], how: str) -> None:
    key = made(alice, how)
    assert len(connected) == 8
    assert {status(client, key["key"]) for client in connected} == {200}
    path = f"/api-keys/{key['id']}"
    if how == "revoked":
        answer = alice.delete(path)
    elif how == "found":
        answer = connected[0].post("/found-keys/revoke", json={"key": key["key"]})
    elif how == "rotated":
        answer = alice.post(f"{path}/rotate", json={"overlap_hours": 0})
    elif how == "narrowed":
        answer = alice.patch(path, json={"scopes": ["api_keys:write"]})
    else:
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
        answer = alice.patch(path, json={"expires_at": soon})
        time.sleep(2)
    answer.raise_for_status()
    # not within a second: with the very next request, whichever process gets it
    assert {status(client, key["key"]) for client in connected} == {403 if how == "narrowed" else 401}


def test_a_key_replaces_itself_without_a_gap(two: Platform, alice: Client) -> None:
    old = made(alice, "deploy")
    own = two.client(old["key"])
    once = {"Idempotency-Key": "rotate-deploy"}
    answers = [own.post(f"/api-keys/{old['id']}/rotate", json={"overlap_hours": 1}, headers=once) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    new = two.client(answers[0].json()["key"])
    assert own.get("/account").json() == new.get("/account").json()
    assert new.delete(f"/api-keys/{old['id']}").status_code == 204
    assert own.get("/account").status_code == 401
    assert new.get("/account").status_code == 200


def test_the_audit_log_tells_the_story_and_nothing_holds_a_key(two: Platform) -> None:
    client = two.account("teller@example.com")
    key = made(client)
    client.patch(f"/api-keys/{key['id']}", json={"name": "CD"}).raise_for_status()
    new = client.post(f"/api-keys/{key['id']}/rotate", json={}).raise_for_status().json()
    assert httpx.post(f"{two.url}/v1/found-keys/revoke", json={"key": new["key"]}).status_code == 204
    client.delete(f"/api-keys/{key['id']}").raise_for_status()
    log = client.get("/audit-log").json()["data"]
    assert [(entry["action"], entry["target_id"]) for entry in reversed(log[:-1])] == [
        ("api_key.created", key["id"]),
        ("api_key.updated", key["id"]),
        ("api_key.rotated", key["id"]),
        ("api_key.revoked_by_finder", new["id"]),
        ("api_key.revoked", key["id"]),
    ]
    secrets = [client.key, key["key"], new["key"]]
    kept = [*two.home.rglob("*.db*"), two.log]
    assert len(kept) >= 2
    for file in kept:
        content = file.read_bytes()
        assert not [secret for secret in secrets if secret.encode() in content], file


def test_requests_are_counted_and_logged(platform: Platform) -> None:
    """What a key asks is in the account's usage, and in its log, a few seconds later."""
    client = platform.account("logged@example.com")
    asked = client.get("/leads/lead_00000000000000000000000000?token=x").headers["X-Request-Id"]
    answer = client.get("/leads/lead_00000000000000000000000000")
    missing = answer.headers["X-Request-Id"]
    wait_until(lambda: client.get("/account/usage").json()["requests"]["used"] >= 2, 15, lambda: "no request counted")
    with platform.tables():
        caller = accounts.by_email("logged@example.com")
        failed = request_log.list_requests(caller, 100, wanted=Wanted((400, 599)))
        found = {made.id: made for made in failed.rows}
    assert (found[missing].path, found[missing].status, found[missing].error_code) == (
        "/leads/{lead_id}",
        404,
        "not_found",
    )
    assert found[missing].error_message == answer.json()["error"]["message"]
    assert (found[asked].status, found[asked].target) == (400, "/v1/leads/lead_00000000000000000000000000?token=***")
