"""What the documents and the contract show is run: every command, every program, every example.

A block of a Markdown file marked ``sh`` or ``python`` must run as it stands, on an installation as `make run` makes
it. One that is only to be read is marked otherwise.
"""

import hashlib
import io
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.door import Door, door
from tests.platform import ROOT, SAMPLE_AREA, Client, Platform, Roomy, free_port, wait_until
from tests.promises import Operation, Promises

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN, SHOWN = {"sh", "python"}, {"text", "json", "yaml", "toml", "typescript"}
WRITTEN_URL = "http://127.0.0.1:8080"
SCHEDULE = {"area": SAMPLE_AREA, "categories": ["cafe"], "recurrence": {"every_hours": 8000}}
OPERATIONS = sorted(Promises.read().operations, key=lambda one: (one.method == "DELETE", one.method != "GET"))


class Quickstart(Platform):
    """An installation as `make run` makes it."""

    def _serve(self, *arguments: str) -> list[str]:
        return ["-m", "cli", "quickstart", "--port", str(self.port), *arguments]


@pytest.fixture(scope="module")
def entrance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Door, Client]]:
    """The way into such an installation, which lies in ``var`` of the present folder."""
    port, folder = free_port(), tmp_path_factory.mktemp("checkout")
    made = Quickstart(folder / "var", MAPTARGETER_PUBLIC_URL=f"http://127.0.0.1:{port}")
    made.home.mkdir()
    made.start()
    client = made.client((made.home / "quickstart.key").read_text().strip())
    with made.client("") as passing, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        del passing.headers["X-API-Key"]
        with door(port, passing) as opened:
            yield opened, client
    assert made.stop() == 0


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return the language and text of every fenced block."""
    return FENCE.findall(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_what_it_is(page: Path) -> None:
    assert {language for language, _ in blocks(page)} <= RUN | SHOWN
    assert page.read_text(encoding="utf-8").count("\n```") == 2 * len(blocks(page))


@pytest.mark.parametrize("page", [page for page in PAGES if "sh" in dict(blocks(page))], ids=lambda page: page.name)
def test_commands_run_and_answer_as_shown(page: Path, entrance: tuple[Door, Client]) -> None:
    """Block after block in one shell; an answer that is shown has nothing in it that the real one has not."""
    opened, client = entrance
    printed = ""
    for language, text in blocks(page):
        if language == "sh":
            wait_until(lambda: nothing_to_do(client), 60, lambda: "still at work")
            printed = shell(text.replace(WRITTEN_URL, opened.url))
        elif language == "json":
            shown = set(re.findall(r'"(\w+)":', text))
            assert shown <= set(re.findall(r'"(\w+)":', printed)), text
    assert opened.statuses
    assert max(opened.statuses) < 300, opened.statuses


def shell(text: str) -> str:
    """Run commands with what the ones before exported; return what they printed."""
    script = f"touch exported; . ./exported; {text}\nexport -p > exported"
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, text + done.stderr
    return done.stdout


def nothing_to_do(client: Client) -> bool:
    made = [one for path in ("/scans", "/exports", "/enrichments") for one in client.get(path).json()["data"]]
    return all(one["status"] not in ("queued", "running") for one in made)


def test_the_readme_ends_with_the_announced_file(entrance: tuple[Door, Client]) -> None:
    """Whether or not the commands of the README ran before, in this process."""
    opened, client = entrance
    for language, text in blocks(ROOT / "README.md"):
        if language == "sh" and "webhook" not in text:
            wait_until(lambda: nothing_to_do(client), 60, lambda: "still at work")
            shell(text.replace(WRITTEN_URL, opened.url))
    exports = {made["sha256"]: made for made in client.get("/exports?limit=100").json()["data"]}
    file = Path("leads.csv").read_bytes()
    made = exports[hashlib.sha256(file).hexdigest()]
    assert made["row_count"] == file.count(b"\r\n") - 1 > 0


@pytest.mark.parametrize("program", [text for page in PAGES for language, text in blocks(page) if language == "python"])
def test_programs_run(program: str) -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_typescript_that_is_shown_is_what_is_run() -> None:
    """By the environment `clients`, which has Node.js."""
    run = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests" / "clients" / "typescript").glob("*.ts"))
    shown = [text for page in PAGES for language, text in blocks(page) if language == "typescript"]
    assert shown
    assert all(text in run for text in shown)


def test_the_lines_that_verify_a_webhook() -> None:
    """They accept what the official library signs, and nothing else."""
    [program] = [
        text for language, text in blocks(ROOT / "README.md") if "webhook-signature" in text and language == "python"
    ]
    names: dict[str, Any] = {}
    exec(program, names)
    verify: Callable[[str, dict[str, str], bytes], bool] = names["verify"]
    secret, body, now = "whsec_bWFwdGFyZ2V0ZXItZXhhbXBsZS1zZWNyZXQtMzJieXQ=", b'{"type":"x"}', datetime.now(UTC)
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": "v1,b3RoZXI= " + Webhook(secret).sign("evt_1", now, body.decode()),
    }
    assert verify(secret, headers, body)
    assert not verify(secret, headers, body + b" ")
    assert not verify(secret, headers | {"webhook-id": "evt_2"}, body)
    assert not verify(secret, headers | {"webhook-timestamp": str(int(now.timestamp()) - 301)}, body)


def test_the_lines_that_make_bodies_of_a_spreadsheet() -> None:
    [program] = [text for language, text in blocks(ROOT / "docs" / "lists.md") if language == "python"]
    names: dict[str, Any] = {}
    exec(program, names)
    header = (
        "external_id,name,category,lat,lon,street,house_number,city,country,phones,emails,rating,review_count,mood\r\n"
    )
    row = '{},"Leipomo, Aino",bakery,60.17,24.94,Tie,5,Helsinki,FI,09 1;09 2,,4.5,12,good\r\n'
    first, second = names["bodies"]("Fair", io.StringIO(header + "".join(map(row.format, range(501))), newline=""))
    check = next(one for one in OPERATIONS if one.id == "import_leads").body
    assert check
    assert (check(first), check(second), len(first["leads"])) == (None, None, 500)
    assert second["leads"] == [
        {
            "external_id": "500", "name": "Leipomo, Aino", "category": "bakery",
            "location": {"lat": 60.17, "lon": 24.94},
            "address": {"street": "Tie", "house_number": "5", "city": "Helsinki", "country": "FI"},
            "phones": ["09 1", "09 2"], "rating": 4.5, "review_count": 12,
        }
    ]  # fmt: skip


def test_examples_of_requests_are_accepted(roomy: Roomy) -> None:
    """Every operation with every body that the contract shows, and every parameter, about things that there are."""
    client, _ = roomy.roomy_account("examples@example.com")
    client.scanned(categories=("cafe",))
    there = things(client)
    client.finished(f"/exports/{there['export_id']}")
    link = client.post(f"/exports/{there['export_id']}/download-links", json={}).json()["url"]
    there["ticket"] = link.rpartition("/")[2]
    for operation in OPERATIONS:
        for body in bodies(operation):
            of_what_is_done = operation.method == "GET" or operation.id == "create_download_link"
            about = there if of_what_is_done else things(client)
            if operation.id == "cancel_scan":
                about["scan_id"] = waiting_scan(client)
            if operation.id == "cancel_enrichment":
                about["enrichment_id"] = waiting_enrichment(client)
            if operation.id == "create_enrichment" and "lead_ids" in body:
                body = {**body, "lead_ids": [about["lead_id"]]}
            if operation.id == "cancel_export":
                about["export_id"] = waiting_export(client)
            for query in queries(operation):
                answer = client.request(operation.method, operation.template.format(**about), json=body, params=query)
                assert answer.is_success, f"{operation.id} {query} {body}: {answer.text}"


def things(client: Client) -> dict[str, str]:
    """Return the ids of new things, by the names that paths give them."""
    wanted = {"url": "http://127.0.0.1:9/", "event_types": ["export.ready"]}
    endpoint_id = client.post("/webhook-endpoints", json=wanted).json()["id"]
    sent = client.post(f"/webhook-endpoints/{endpoint_id}/test").json()
    return {
        "lead_id": client.get("/leads?limit=1").json()["data"][0]["id"],
        "export_id": client.post("/exports", json={"format": "csv"}).json()["id"],
        "webhook_endpoint_id": endpoint_id,
        "delivery_id": sent["id"],
        "event_id": sent["event_id"],
        "enrichment_id": client.post("/enrichments", json={"filters": {"name": {"eq": "nobody"}}}).json()["id"],
        "api_key_id": client.post("/api-keys", json={"name": "x", "scopes": ["leads:read"]}).json()["id"],
        "suppression_id": client.post("/suppressions", json={"kind": "email", "value": "x@y.example"}).json()["id"],
        "ticket_id": client.post("/tickets", json={"subject": "x", "message": "y"}).json()["id"],
        "schedule_id": client.post("/schedules", json=SCHEDULE).json()["id"],
        "scan_id": client.post("/scans", json={"area": SAMPLE_AREA, "categories": ["cafe"]}).json()["id"],
    }


def waiting_scan(client: Client) -> str:
    """Return the id of a scan that cannot have ended yet: a dozen others are before it."""
    made = [client.post("/scans", json={"area": SAMPLE_AREA}).json()["id"] for _ in range(13)]
    return str(made[-1])


def waiting_enrichment(client: Client) -> str:
    """Return the id of an enrichment that cannot have ended yet: its site has two names, looked for a second apart."""
    wanted = {"filters": {"website_kind": {"eq": "unknown"}}, "limit": 1, "fields": ["websites"]}
    [lead] = client.post("/leads/search", json=wanted).json()["data"]
    return str(client.post("/enrichments", json={"lead_ids": [lead["id"]], "max_age_days": 0}).json()["id"])


def waiting_export(client: Client) -> str:
    """Return the id of an export that cannot have ended yet."""
    made = [client.post("/exports", json={"format": "vcf"}).json()["id"] for _ in range(30)]
    return str(made[-1])


def bodies(operation: Operation) -> Iterator[Any]:
    """Give the bodies that the contract shows, also as a dry run where there is one."""
    for example in operation.examples or (None,):
        body = example | {"url": "http://127.0.0.1:9/"} if example and "url" in example else example  # without a DNS
        yield body
        if body and "format" in body:
            yield body | {"dry_run": True}


def queries(operation: Operation) -> Iterator[dict[str, str]]:
    """Give no parameters, each example alone, and all together."""
    examples = {
        part.name: ",".join(map(str, part.example)) if isinstance(part.example, list) else str(part.example)
        for part in operation.parameters
        if part.where == "query" and part.example is not None
    }
    yield {}
    yield from ({name: text} for name, text in examples.items() if name != "radius_m")  # which needs ``near``
    if examples:
        yield examples
