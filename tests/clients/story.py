"""The story that every generated client tells, and what must be true of it.

Each program plays the same steps with the client that one generator made, and prints ``Facts`` as JSON. Here they
are held against what plain HTTP and the receiver of the webhooks say, so no client can be wrong in its own way.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

from tests.clients.facts import BBOX, CENTRE, LONG_AGO, Facts, Refusal
from tests.platform import Client, Platform

Hooks = queue.Queue[tuple[dict[str, str], bytes]]
Play = Callable[[str, str, str], Facts]  # given the address, a key and where webhooks go


def require(play: Play, platform: Platform, name: str) -> None:
    """Let a program play in an account of its own; assert that it saw what is so."""
    client = platform.account(f"{name}@example.com")
    with receiver() as (url, hooks):
        check(play(platform.url, client.key, url), client, hooks)


@contextlib.contextmanager
def receiver() -> Iterator[tuple[str, Hooks]]:
    """A server that takes webhooks: its URL, and what it took."""
    taken: Hooks = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            taken.put(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", taken
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def check(facts: Facts, client: Client, hooks: Hooks) -> None:
    """Assert that a program saw what is so, in the account of ``client``."""
    for step in (_slow_work, _leads, _file, _keys, _refusals):
        step(facts, client)
    _webhooks(facts, client, hooks)


def _slow_work(facts: Facts, client: Client) -> None:
    [scan] = _get(client, "/scans")["data"]
    assert facts.scan_id == facts.same_scan_id == scan["id"]
    assert facts.found == facts.estimated == scan["counts"]["found"] > 50


def _leads(facts: Facts, client: Client) -> None:
    box = ",".join(map(str, BBOX))
    page = _get(client, "/leads", category="cafe,bar", bbox=box, seen_since=LONG_AGO, sort="name", limit=6)
    assert len(facts.pages) == 2
    assert [id_ for ids in facts.pages for id_ in ids] == [lead["id"] for lead in page["data"]]
    assert facts.total == page["total"]["value"] > 6
    found = client.post("/leads/search", json=SEARCH).raise_for_status().json()["data"]
    assert facts.nearby == [lead["id"] for lead in found]
    assert facts.lead == found[0]["name"]


def _file(facts: Facts, client: Client) -> None:
    export = _get(client, f"/exports/{facts.export_id}")
    assert facts.rows == export["row_count"] == facts.found
    assert facts.sha256 == facts.file_sha256 == export["sha256"]


def _webhooks(facts: Facts, client: Client, hooks: Hooks) -> None:
    assert facts.deliveries == ["export.ready", "scan.completed"]
    deliveries = _get(client, f"/webhook-endpoints/{facts.endpoint_id}/deliveries")["data"]
    assert {one["status"] for one in deliveries} == {"delivered"}
    verifier = Webhook(facts.secret)
    for _ in deliveries:
        headers, body = hooks.get(timeout=5)
        verifier.verify(body.decode(), headers)


def _keys(facts: Facts, client: Client) -> None:
    [key] = _get(client, "/api-keys", revoked="true")["data"]
    assert key["id"] == facts.key_id
    assert key["scopes"] == ["leads:read"]
    assert key["revoked_at"]
    assert facts.read_with_key == facts.lead
    assert facts.revoked == Refusal(401, "invalid_api_key", [])


def _refusals(facts: Facts, _: Client) -> None:
    assert facts.missing == Refusal(404, "not_found", [])
    assert facts.invalid == Refusal(400, "invalid_request", ["query radius_m: missing"])
    assert facts.too_large == Refusal(403, "plan_limit_exceeded", [])


def _get(client: Client, path: str, **query: str | int) -> Any:
    return client.get(path, params=query).raise_for_status().json()


SEARCH: dict[str, Any] = {
    "query": "cafe",
    "filters": {
        "category": {"in": ["cafe"]},
        "location": {"within": {"lat": CENTRE[0], "lon": CENTRE[1], "radius_m": 800}},
        "or": [{"phones": {"exists": True}}, {"website": {"exists": True}}],
        "not": {"name": {"prefix": "z"}},
    },
    "near": {"lat": CENTRE[0], "lon": CENTRE[1]},
    "sort": "distance",
    "limit": 3,
}
