"""Every operation gives every answer that the contract documents for it, and every error code is met.

What customers' stories bring about by themselves is in ``tests/flows``; here is what they seldom meet. The database is
PostgreSQL behind a proxy, so that it can go away.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from models import account, base, enrichment, export, idempotency, scan, webhook
from tests import leads
from tests.platform import Client, Roomy, database_beside, wait_until
from tests.promises import Operation, Promises
from tests.unix_proxy import Proxy

PROMISES = Promises.read()
OPERATIONS = PROMISES.operations
AREA = {"area": {"bbox": [24.93, 60.16, 24.96, 60.185]}}
PAST = "2026-01-01T00:00:00.000Z"
FAR = "2999-01-01T00:00:00.000Z"
ADDRESS_LIMIT = 300
BODIES = {"create_webhook_endpoint": {"url": "http://127.0.0.1:9/", "event_types": ["scan.completed"]}}  # no DNS here
# how to ask so that it has to be refused, whatever there is
REFUSED: dict[int, dict[str, Any]] = {
    400: {"params": {"no_such_parameter": "1"}},
    404: {},
    406: {"headers": {"Accept": "image/png"}},
    413: {"json": None, "content": b" " * 1_000_001},
    415: {"headers": {"Content-Type": "text/plain"}},
}


class Cuttable(Roomy):
    """An installation without jobs, and the way to its database."""

    proxy: Proxy


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, postgresql_url: str) -> Iterator[Cuttable]:
    home = tmp_path_factory.mktemp("cuttable")
    folder = parse_qs(urlsplit(postgresql_url).query)["host"][0]
    url = database_beside(postgresql_url, "cuttable").replace(folder, str(home))
    made = Cuttable(home, MAPTARGETER_DATABASE_URL=url, ADDRESS_LIMIT=str(ADDRESS_LIMIT))
    made.proxy = Proxy(Path(folder) / ".s.PGSQL.5432", home / ".s.PGSQL.5432")
    made.run("migrate")
    made.start("--no-jobs")
    yield made
    assert made.stop() == 0
    made.proxy.cut()


@pytest.fixture(scope="module")
def client(platform: Cuttable) -> Client:
    return platform.roomy_account("everything@example.com")[0]


def test_every_operation_refuses_as_documented(platform: Cuttable, client: Client) -> None:
    """One request for each documented refusal that does not depend on what there is in the account."""
    narrow = {
        scopes: platform.client(client.post("/api-keys", json={"name": "x", "scopes": scopes.split()}).json()["key"])
        for scopes in ("account:read", "catalog:read")
    }
    spent = platform.roomy_account("spent@example.com", requests_per_minute=1)[0]
    assert spent.get("/account").status_code == 200
    with platform.client("") as anonymous:
        del anonymous.headers["X-API-Key"]
        for operation in OPERATIONS:
            documented = set(operation.answers)
            sender = client if operation.secured else anonymous
            met = {
                status: ask(sender, operation, **how).status_code
                for status, how in REFUSED.items()
                if status in documented
            }
            if operation.secured:
                other = "account:read" if "account:read" not in operation.scopes else "catalog:read"
                met |= {
                    401: ask(anonymous, operation).status_code,
                    403: ask(narrow[other], operation).status_code,
                    429: ask(spent, operation).status_code,
                }
            assert met == {status: status for status in met}, operation.id
            others = {200, 201, 202, 204, 206, 304, 409, 410, 412, 416, 429, 500, 503}
            assert documented - met.keys() <= others, operation.id


def test_error_codes_of_a_key(platform: Cuttable, client: Client) -> None:
    made = [client.post("/api-keys", json={"name": "x", "scopes": ["account:read"]}).json() for _ in range(2)]
    assert client.delete(f"/api-keys/{made[0]['id']}").status_code == 204
    with platform.tables():
        account.ApiKey.update(expires_at=PAST).where(account.ApiKey.id == made[1]["id"]).execute()
    revoked, expired = (platform.client(key["key"]).get("/account") for key in made)
    both = client.get("/account", headers={"Authorization": f"Bearer {made[0]['key']}"})
    assert [code_of(answer) for answer in (revoked, expired, both)] == [
        (401, "invalid_api_key"), (401, "expired_api_key"), (400, "conflicting_credentials"),
    ]  # fmt: skip


def test_error_codes_of_a_request(platform: Cuttable, client: Client) -> None:
    free, _ = platform.roomy_account("free@example.com", scan_area_km2=1)
    once = {"Idempotency-Key": "once"}
    assert client.post("/scans", json=AREA, headers=once).status_code == 202
    not_json: dict[str, Any] = {"content": b"{", "headers": {"Content-Type": "application/json"}}
    endpoint = {"url": "https://10.0.0.1/", "event_types": ["scan.completed"]}
    met = {
        "invalid_json": client.post("/scans", **not_json),
        "invalid_cursor": client.get("/scans?cursor=YWJj"),
        "idempotency_mismatch": client.post("/scans", json={**AREA, "name": "other"}, headers=once),
        "forbidden_address": client.post("/webhook-endpoints", json=endpoint),
        "plan_limit_exceeded": free.post("/scans", json=AREA),
        "method_not_allowed": client.put("/scans"),
    }
    assert {code: code_of(answer)[1] for code, answer in met.items()} == {code: code for code in met}


def test_conflicts_with_the_state_of_things(platform: Cuttable, client: Client) -> None:
    queued = client.post("/scans", json=AREA).json()["id"]
    assert client.post(f"/scans/{queued}/cancel").json()["status"] == "cancelled"
    ended = client.post("/scans", json=AREA).json()["id"]
    enriched = client.post("/enrichments", json={}).json()["id"]
    file = client.post("/exports", json={"format": "csv"}).json()["id"]
    unfinished = [client.get(f"/exports/{file}/download"), *about_files(client, file)]
    unfinished += [client.post("/exports", json={"format": "csv", "only_new_since": file})]
    assert {code_of(answer) for answer in unfinished} == {(409, "conflict")}
    endpoint = {"url": "http://127.0.0.1:9/", "event_types": ["scan.completed"]}
    paused = client.post("/webhook-endpoints", json=endpoint).json()["id"]
    key = client.post("/api-keys", json={"name": "x", "scopes": ["account:read"]}).json()["id"]
    with platform.tables():
        account.ApiKey.update(expires_at=PAST).where(account.ApiKey.id == key).execute()
        scan.Scan.update(status="completed").where(scan.Scan.id == ended).execute()
        enrichment.Enrichment.update(status="completed").where(enrichment.Enrichment.id == enriched).execute()
        over = {
            "status": "completed",
            "expires_at": PAST,
            "files": [],
            "row_count": 0,
            "bytes": 0,
            "sha256": "0" * 64,
        }
        export.Export.update(over).where(export.Export.id == file).execute()
        webhook.WebhookEndpoint.update(status="paused").where(webhook.WebhookEndpoint.id == paused).execute()
    gone = [client.get(f"/exports/{file}/download"), *about_files(client, file)]
    assert {code_of(answer) for answer in gone} == {(410, "gone")}
    met = [
        client.post(f"/exports/{file}/cancel"),
        client.post(f"/scans/{ended}/cancel"),
        client.post(f"/enrichments/{enriched}/cancel"),
        client.post(f"/webhook-endpoints/{paused}/test"),
        client.patch(f"/api-keys/{key}", json={"name": "y"}),
        client.post(f"/api-keys/{key}/rotate", json={}),
    ]
    assert [code_of(answer) for answer in met] == [(409, "conflict")] * 6


def about_files(client: Client, export_id: str) -> list[httpx.Response]:
    """Ask for what only a completed export has."""
    about = f"/exports/{export_id}"
    return [client.get(f"{about}/manifest"), client.post(f"{about}/download-links", json={})]


def test_a_link_whose_file_was_kept_long_enough(platform: Cuttable, client: Client) -> None:
    about = f"/exports/{client.post('/exports', json={'format': 'csv'}).json()['id']}"
    file = {"name": "x.csv", "rows": 0, "bytes": 0, "sha256": "0" * 64, "key": "x"}
    complete = {"status": "completed", "files": [file], "row_count": 0, "bytes": 0, "sha256": "0" * 64}
    row = export.Export.id == about.removeprefix("/exports/")
    with platform.tables():
        export.Export.update({**complete, "expires_at": FAR}).where(row).execute()
    link = client.post(f"{about}/download-links", json={}).raise_for_status().json()["url"]
    with platform.tables():
        export.Export.update(expires_at=PAST).where(row).execute()
    assert code_of(client.get(link)) == (410, "gone")


def test_a_lead_is_not_given_what_is_suppressed(platform: Cuttable) -> None:
    client, caller = platform.roomy_account("suppressing@example.com")
    row = leads.lead()
    with platform.tables():
        leads.write(caller, row)
    out = client.post("/suppressions", json={"kind": "email", "value": "info@cafeengel.fi"}).json()["id"]
    change = {"corrections": {"emails": ["info@cafeengel.fi"]}}
    assert code_of(client.patch(f"/leads/{row['id']}", json=change)) == (409, "conflict")
    assert client.delete(f"/suppressions/{out}").status_code == 204
    assert client.patch(f"/leads/{row['id']}", json=change).json()["emails"][0]["address"] == "info@cafeengel.fi"


def test_things_end_when_their_owner_wants_it(client: Client) -> None:
    schedule = {**AREA, "categories": ["cafe"], "recurrence": {"every_hours": 8000}}
    endpoint = {"url": "http://127.0.0.1:9/", "event_types": ["scan.completed"]}
    for path, body in {"/schedules": schedule, "/webhook-endpoints": endpoint}.items():
        made = f"{path}/{client.post(path, json=body).raise_for_status().json()['id']}"
        assert [client.delete(made).status_code, client.get(made).status_code] == [204, 404]
    queued = client.post("/enrichments", json={}).json()["id"]
    cancelled = client.post(f"/enrichments/{queued}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")


def test_a_ticket_is_replied_to(client: Client) -> None:
    about = f"/tickets/{client.post('/tickets', json={'subject': 'x', 'message': 'y'}).json()['id']}"
    replied = client.post(f"{about}/replies", json={"message": "z"})
    assert replied.status_code == 201
    assert [message["text"] for message in client.get(about).json()["messages"]] == ["y", "z"]


def test_a_lead_that_has_changed_meanwhile(platform: Cuttable) -> None:
    client, caller = platform.roomy_account("meanwhile@example.com")
    row = leads.lead()
    with platform.tables():
        leads.write(caller, row)
    read = client.get(f"/leads/{row['id']}").headers["ETag"]
    first, second = (
        client.patch(f"/leads/{row['id']}", json={"stage": stage}, headers={"If-Match": read})
        for stage in ("contacted", "won")
    )
    assert (first.json()["stage"], code_of(second)) == ("contacted", (412, "precondition_failed"))
    assert client.patch(f"/leads/{row['id']}", json={"tags": []}, headers={"If-Match": "x"}).status_code == 400
    deleted = [client.delete(f"/leads/{row['id']}", headers={"If-Match": tag}) for tag in (read, "*")]
    assert [answer.status_code for answer in deleted] == [412, 204]


def test_a_request_that_still_runs(platform: Cuttable) -> None:
    """Every operation that takes an Idempotency-Key, while somebody else works on that key."""
    client, caller = platform.roomy_account("running@example.com")
    creating = [one for one in OPERATIONS if any(part.name == "Idempotency-Key" for part in one.parameters)]
    assert len(creating) >= 6
    with platform.tables(), base.transaction():
        for operation in creating:
            assert idempotency.claim(caller.account_id, operation.id, "held")
        for operation in creating:
            answer = ask(client, operation, headers={"Idempotency-Key": "held"})
            assert code_of(answer) == (409, "idempotency_in_progress"), operation.id


def test_a_fault_of_ours(platform: Cuttable, client: Client) -> None:
    broken = client.post("/exports", json={"format": "csv"}).json()["id"]
    with platform.tables():
        export.Export.update(fields=["no such field"]).where(export.Export.id == broken).execute()
    assert code_of(client.get(f"/exports/{broken}")) == (500, "internal")


def test_the_database_goes_away_and_comes_back(platform: Cuttable, client: Client) -> None:
    platform.proxy.cut()
    try:
        met = {one.id: ask(client, one) for one in OPERATIONS}
    finally:
        platform.proxy.mend()
    assert {name: code_of(answer) for name, answer in met.items()} == dict.fromkeys(met, (503, "unavailable"))
    wait_until(lambda: client.get("/account").status_code == 200, 10, lambda: "the database is back")


def test_an_address_without_a_key_may_not_go_on_for_ever(platform: Cuttable) -> None:
    """Last: afterwards this address has to wait."""
    with platform.client("") as anonymous:
        del anonymous.headers["X-API-Key"]
        for operation in [one for one in OPERATIONS if not one.secured]:
            statuses = {ask(anonymous, operation).status_code for _ in range(ADDRESS_LIMIT + 1)}
            assert 429 in statuses, operation.id
            assert statuses <= {200, 204, 404, 429}


def ask(client: Client, operation: Operation, **more: Any) -> httpx.Response:
    """Ask with the ids and the body that the contract shows, and ``more`` as httpx takes it."""
    ids = {part.name: part.example for part in operation.parameters if part.where == "path"}
    sent: dict[str, Any] = {"headers": {}}
    if operation.body:
        sent = {
            "json": BODIES.get(operation.id) or operation.examples[0],
            "headers": {"Content-Type": "application/json"},
        }
    headers = sent["headers"] | more.pop("headers", {})
    return client.request(operation.method, operation.template.format(**ids), **{**sent, **more, "headers": headers})


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]
