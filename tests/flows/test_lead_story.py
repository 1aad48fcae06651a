"""The main job, end to end: scan, search, export, and a signed webhook for each."""

import csv
import hashlib
import io
import queue
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.flows.conftest import Captured
from tests.platform import SAMPLE_AREA, Client, Platform, wait_until


@pytest.fixture(scope="session")
def alice(platform: Platform) -> Client:
    client = platform.account("alice@example.com")
    client.scanned()
    return client


def test_a_scan_and_an_export_are_told_by_signed_webhooks(
    platform: Platform, receiver: tuple[str, "queue.Queue[Captured]"]
) -> None:
    url, received = receiver
    client = platform.account("signed@example.com")
    endpoint = {"url": url, "event_types": ["scan.completed", "export.ready"]}
    made = client.post("/webhook-endpoints", json=endpoint).raise_for_status().json()
    verifier = Webhook(made["secret"])

    scan = client.scanned(categories=("cafe",))
    headers, body = received.get(timeout=15)
    event: Any = verifier.verify(body.decode(), headers)
    assert event["type"] == "scan.completed"
    assert event["data"]["scan"] == scan

    export = client.post("/exports", json={"format": "csv"}).raise_for_status().json()
    export = client.finished(f"/exports/{export['id']}")
    headers, body = received.get(timeout=15)
    event = verifier.verify(body.decode(), headers)
    assert event["type"] == "export.ready"
    assert event["data"]["export"] == export

    deliveries = f"/webhook-endpoints/{made['id']}/deliveries"
    wait_until(
        lambda: {row["status"] for row in client.get(deliveries).json()["data"]} == {"delivered"},
        10,
        lambda: client.get(deliveries).text,
    )
    assert len(client.get(deliveries).json()["data"]) == 2


def test_a_test_event_arrives_signed(platform: Platform, receiver: tuple[str, "queue.Queue[Captured]"]) -> None:
    url, received = receiver
    client = platform.account("test-event@example.com")
    made = client.post("/webhook-endpoints", json={"url": url, "event_types": ["scan.completed"]}).json()
    sent = client.post(f"/webhook-endpoints/{made['id']}/test")
    assert sent.status_code == 202
    headers, body = received.get(timeout=15)
    event: Any = Webhook(made["secret"]).verify(body.decode(), headers)
    assert event["type"] == "webhook.test"
    assert event["data"]["webhook_endpoint"] == {"id": made["id"], "url": url}


def test_the_whole_sample_gives_its_businesses(alice: Client) -> None:
    page = alice.get("/leads", params={"limit": 500}).json()
    reachable = {"or": [{"phones": {"exists": True}}, {"emails": {"exists": True}}, {"websites": {"exists": True}}]}
    with_contact = alice.post("/leads/search", json={"filters": reachable, "limit": 1}).json()
    assert page["total"]["value"] >= 1250
    assert with_contact["total"]["value"] >= 750


def test_cafes_are_found_by_the_word(alice: Client) -> None:
    leads = alice.get("/leads", params={"query": "cafe", "limit": 50}).json()["data"]
    assert len(leads) == 50
    named = [" ".join([lead["name"], *lead["alt_names"], *lead["names"].values()]).lower() for lead in leads]
    assert all("cafe" in lead["category_path"] or "caf" in name for lead, name in zip(leads, named, strict=True))


@pytest.mark.parametrize(("written", "typed"), [("Kämp", "kamp"), ("Café Engel", "cafe engel"), ("Töölö", "toolo")])
def test_diacritics_do_not_matter(alice: Client, written: str, typed: str) -> None:
    exact = alice.get("/leads", params={"query": written}).json()
    folded = alice.get("/leads", params={"query": typed}).json()
    assert exact["total"]["value"] > 0
    assert exact == folded


def test_scanning_again_changes_nothing(alice: Client) -> None:
    counts = alice.scanned()["counts"]
    assert counts["found"] == counts["unchanged"] >= 1250
    assert counts["new"] == counts["changed"] == counts["gone"] == 0


def test_a_dry_run_says_what_the_scan_then_finds(platform: Platform) -> None:
    client = platform.account("dry@example.com")
    body = {"area": SAMPLE_AREA, "categories": ["restaurant"], "dry_run": True}
    estimate = client.post("/scans", json=body)
    assert estimate.status_code == 200
    assert client.get("/leads").json()["total"]["value"] == 0
    assert client.scanned(categories=("restaurant",))["counts"] == estimate.json()["counts"]


@pytest.mark.parametrize("format_", ["csv", "json", "ndjson", "geojson"])
def test_an_export_is_the_file_it_was_announced_as(alice: Client, format_: str) -> None:
    export = alice.post("/exports", json={"format": format_}).raise_for_status().json()
    export = alice.finished(f"/exports/{export['id']}")
    total = alice.get("/leads", params={"limit": 1}).json()["total"]["value"]
    file = alice.get(export["download_url"]).raise_for_status()
    assert export["row_count"] == total
    assert export["bytes"] == len(file.content)
    assert export["sha256"] == hashlib.sha256(file.content).hexdigest()
    assert file.headers["etag"] == f'"{export["sha256"]}"'


def test_a_csv_has_as_many_rows_as_the_api_counts(alice: Client) -> None:
    export = alice.post("/exports", json={"format": "csv"}).raise_for_status().json()
    export = alice.finished(f"/exports/{export['id']}")
    text = alice.get(export["download_url"]).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == alice.get("/leads", params={"limit": 1}).json()["total"]["value"]
    assert len({row["id"] for row in rows}) == len(rows)


def test_a_list_becomes_leads_that_are_searched_enriched_and_exported(platform: Platform) -> None:
    client, _ = platform.roomy_account("lists@example.com", leads=2)
    rows = [
        {"external_id": str(number), "name": f"Leipomo {number}", "category": "bakery", "rating": 4.5,
         "location": {"lat": 60.17 + number, "lon": 24.94}, "emails": [f"{number}@leipomo.example.fi"]}
        for number in range(3)
    ]  # fmt: skip
    body: dict[str, Any] = {"name": "Fair 2026", "tags": ["fair"], "leads": [*rows[:2], {"name": "Somewhere Oy"}]}
    foretold = client.post("/leads/import", json=body | {"dry_run": True}).raise_for_status().json()
    assert client.get("/leads").json()["data"] == []
    key = {"Idempotency-Key": "once"}
    made = client.post("/leads/import", json=body, headers=key).raise_for_status().json()
    assert made["counts"] == foretold["counts"]
    assert made["counts"] == {"created": 2, "matched": 0, "updated": 0, "unchanged": 0, "refused": 1}
    replayed = client.post("/leads/import", json=body, headers=key)
    assert (replayed.json(), replayed.headers["idempotency-replayed"]) == (made, "true")
    assert client.post("/leads/import", json=body).json()["counts"]["unchanged"] == 2
    too_many = client.post("/leads/import", json=body | {"leads": rows})
    assert (too_many.status_code, too_many.json()["error"]["code"]) == (403, "plan_limit_exceeded")
    filters = {"tags": {"has": "fair"}, "rating": {"gte": 4}}
    found = client.post("/leads/search", json={"filters": filters}).json()["data"]
    assert {lead["id"] for lead in found} == {row["lead_id"] for row in made["rows"][:2]}
    assert client.post("/enrichments", json={"filters": filters, "dry_run": True}).json()["leads"] == 2
    export = client.post("/exports", json={"format": "csv", "filters": filters}).raise_for_status().json()
    export = client.finished(f"/exports/{export['id']}")
    file = client.get(export["download_url"]).content.decode("utf-8-sig")
    assert {row["license"] for row in csv.DictReader(io.StringIO(file, newline=""))} == {"LicenseRef-customer"}
    manifest = client.get(f"/exports/{export['id']}/manifest").json()
    assert (manifest["sources"], manifest["attribution"]) == (["list"], ["Your own lists"])


def test_pages_visit_every_lead_once(alice: Client) -> None:
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 400}
    while True:
        page = alice.get("/leads", params=params).raise_for_status()
        seen += [lead["id"] for lead in page.json()["data"]]
        if page.json()["next_cursor"] is None:
            break
        assert 'rel="next"' in page.headers["link"]
        params["cursor"] = page.json()["next_cursor"]
    assert len(seen) == len(set(seen)) == alice.get("/leads").json()["total"]["value"]


def test_another_account_sees_nothing_of_it(platform: Platform, alice: Client) -> None:
    bob = platform.account("bob@example.com")
    lead = alice.get("/leads", params={"limit": 1}).json()["data"][0]
    made_up = lead["id"][:-1] + ("0" if lead["id"][-1] != "0" else "1")
    theirs, nobodys = bob.get(f"/leads/{lead['id']}"), bob.get(f"/leads/{made_up}")
    assert bob.get("/leads").json()["total"]["value"] == 0
    assert theirs.status_code == nobodys.status_code == 404
    for answer in (theirs.json()["error"], nobodys.json()["error"]):
        answer.pop("request_id")
    assert theirs.json()["error"]["message"] == nobodys.json()["error"]["message"]


def test_a_repeated_request_with_a_key_creates_nothing_twice(platform: Platform) -> None:
    client = platform.account("twice@example.com")
    answers = [client.post("/exports", json={"format": "csv"}, headers={"Idempotency-Key": "once"}) for _ in range(3)]
    assert {answer.json()["id"] for answer in answers} == {answers[0].json()["id"]}
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, "true", "true"]
    other = client.post("/exports", json={"format": "json"}, headers={"Idempotency-Key": "once"})
    assert other.status_code == 400
    assert other.json()["error"]["code"] == "idempotency_mismatch"
