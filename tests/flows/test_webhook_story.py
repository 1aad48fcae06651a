"""An endpoint's life on a running installation: told, paused, changed, given a new secret, gone, and told the rest."""

import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest
from standardwebhooks import Webhook

from core import signing
from tests.platform import ROOT, Client, Platform, wait_until
from tests.traffic import traffic

Captured = tuple[dict[str, str], bytes]


class Hooks:
    """A customer's server: what it received, and the status it answers with."""

    def __init__(self) -> None:
        self.received: queue.Queue[Captured] = queue.Queue()
        self.status = 204
        hooks = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                traffic().delivered(body)
                hooks.received.put(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(hooks.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class named it
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"

    def next(self) -> Captured:
        return self.received.get(timeout=15)


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    made = Hooks()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def post(client: Client, path: str, body: object = None) -> Any:
    return client.post(path, json=body).raise_for_status().json()


def test_an_endpoint_is_paused_changed_and_given_a_new_secret(platform: Platform, hooks: Hooks) -> None:
    client = platform.account("endpoint@example.com")
    wanted = {
        "url": hooks.url, "event_types": ["scan.completed"], "signing": "ed25519",
        "headers": [{"name": "x-gateway", "value": "let-me-in"}],
    }  # fmt: skip
    made = post(client, "/webhook-endpoints", wanted)
    path = f"/webhook-endpoints/{made['id']}"
    assert (made["header_names"], made["status"]) == (["x-gateway"], "enabled")
    assert client.patch(path, json={"status": "paused"}).json()["status"] == "paused"
    assert client.post(f"{path}/test").json()["error"]["code"] == "conflict"
    scan = client.scanned(categories=("cafe",))
    rotated = post(client, f"{path}/rotate-secret", {"overlap_hours": 1})
    [waiting] = client.get(f"{path}/deliveries").json()["data"]
    assert (waiting["status"], waiting["next_attempt_at"], waiting["attempts"]) == ("pending", None, [])
    assert hooks.received.empty()
    assert client.patch(path, json={"status": "enabled", "description": "CRM"}).json()["description"] == "CRM"

    headers, body = hooks.next()
    event: Any = Webhook(made["secret"]).verify(body, headers)
    assert event == Webhook(rotated["secret"]).verify(body, headers)
    for key in (made["public_key"], rotated["public_key"]):
        assert signing.verify(key, headers, body, now=int(headers["webhook-timestamp"]))
    assert event["data"]["scan"] == scan
    assert (headers["x-gateway"], headers["maptargeter-sequence"]) == ("let-me-in", "1")
    shown = f"{path}/deliveries/{waiting['id']}"
    wait_until(lambda: client.get(shown).json()["status"] == "delivered", 10, lambda: client.get(shown).text)
    [attempt] = client.get(shown).json()["attempts"]
    assert (attempt["status_code"], attempt["address"], attempt["tls"]) == (204, "127.0.0.1", None)
    kept = [*platform.home.rglob("*.db*"), platform.log]
    assert not [file for file in kept if b"let-me-in" in file.read_bytes()]


def test_an_endpoint_that_is_gone_is_told_of_and_gets_what_it_missed(platform: Platform, hooks: Hooks) -> None:
    client = platform.account("gone@example.com")
    watcher = Hooks()
    thread = threading.Thread(target=watcher.server.serve_forever)
    thread.start()
    made = post(client, "/webhook-endpoints", {"url": hooks.url, "event_types": ["scan.completed"]})
    post(client, "/webhook-endpoints", {"url": watcher.url, "event_types": ["webhook_endpoint.disabled"]})
    path = f"/webhook-endpoints/{made['id']}"
    hooks.status = 410
    sent = post(client, f"{path}/test")
    headers, body = watcher.next()
    told: Any = orjson.loads(body)
    assert told["data"]["webhook_endpoint"] == client.get(path).json()
    assert told["data"]["webhook_endpoint"]["disabled_reason"] == "gone"
    assert client.get("/audit-log").json()["data"][0]["actor"] == "system"
    hooks.received.get(timeout=5)
    hooks.status = 204
    client.patch(path, json={"status": "enabled"}).raise_for_status()
    assert hooks.next()[0]["webhook-id"] == sent["event_id"]

    delivery = f"{path}/deliveries/{sent['id']}"
    wait_until(lambda: client.get(delivery).json()["status"] == "delivered", 10, lambda: client.get(delivery).text)
    assert post(client, f"{delivery}/redeliver")["status"] == "pending"
    assert hooks.next()[0]["webhook-id"] == sent["event_id"]
    client.patch(path, json={"event_types": ["webhook_endpoint.disabled"]}).raise_for_status()
    recovered = post(client, f"{path}/recover", {"since": "2026-01-01T00:00:00Z"})
    assert recovered | {"kept_since": ""} == {"recovered": 1, "has_more": False, "kept_since": ""}
    assert hooks.next()[0]["webhook-id"] == headers["webhook-id"]

    page = client.get("/events", params={"after_sequence": 0}).json()
    assert [event["sequence"] for event in page["data"]] == [1, 2]
    assert page["data"][1] == client.get(f"/events/{headers['webhook-id']}").json()
    assert page["data"][1]["payload"] == told
    first = client.get("/events", params={"limit": 1}).json()
    rest = client.get("/events", params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert [first["data"][0]["sequence"], rest["data"][0]["sequence"], rest["next_cursor"]] == [2, 1, None]
    only = client.get("/events", params={"type": "webhook.test", "after_sequence": 0}).json()
    assert [event["id"] for event in only["data"]] == [sent["event_id"]]
    watcher.server.shutdown()
    thread.join()
    watcher.server.server_close()


def test_a_laptop_receives_events_without_an_endpoint(platform: Platform, hooks: Hooks) -> None:
    client = platform.account("laptop@example.com")
    command = [sys.executable, "-u", "-m", "cli", "listen", "--forward-to", hooks.url, "--url", platform.url]
    environ = platform.environ | {"MAPTARGETER_KEY": client.key}
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True) as listening:
        try:
            assert listening.stdout
            secret = listening.stdout.readline().removeprefix("Secret: ").strip()
            assert "until you press Ctrl-C" in listening.stdout.readline()
            scan = client.scanned(categories=("cafe",))
            headers, body = hooks.next()
            event: Any = Webhook(secret).verify(body, headers)
            assert event["data"]["scan"] == scan
            assert event["data"]["id"] == headers["webhook-id"]
            assert f"scan.completed {headers['webhook-id']} -> 204 in " in listening.stdout.readline()
            listening.send_signal(signal.SIGINT)
            assert listening.wait(timeout=10) == 0
        finally:
            listening.kill()  # nothing happens if it has ended
    assert hooks.received.empty()


def test_a_wrong_key_is_one_clear_line(platform: Platform) -> None:
    done = platform.try_run(
        "listen", "--forward-to", "http://127.0.0.1:9/", "--url", platform.url, "--key", "mt_live_x"
    )
    assert done.returncode == 1
    assert done.stderr.startswith("maptargeter: ")
    assert done.stderr.count("\n") == 1
