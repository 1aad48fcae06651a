"""Deliveries a second, beside a bare client loop that sends the same signed bodies over as many connections.

    python -m benchmarks.webhooks [--deliveries N] [--rounds N]

Both send to the same receiver, a process of its own that answers 204 and keeps connections open. Ours is the job
process as it runs in production: it claims, unseals, signs, checks every address, sends, and records each attempt in
SQLite with ``synchronous=full``. The peers sign and send in 50 threads, check nothing and record nothing: the standard
library's ``http.client`` with a connection for each thread, the least that Python can do, and ``httpx.Client``. Rounds
alternate; the table shows medians.
"""

import argparse
import asyncio
import http.client
import multiprocessing
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

import httpx

from core import clock, config, signing
from jobs import HANDLERS, LANES
from jobs.worker import Worker
from models import base, migrations, webhook
from services import accounts, webhook_endpoints, webhooks
from services.webhook_endpoints import Wanted, checked_url

OURS = "job process"
IN_FLIGHT = 50
ACCOUNTS, ENDPOINTS = 5, 2  # times 5 for each endpoint: 50 in flight
SCAN = {
    "id": "scan_01kaqv5m3x8d2e6f4g9h7j5k3m", "name": "Cafes", "status": "completed",
    "area": {"bbox": [24.93, 60.16, 24.96, 60.18]}, "area_km2": 3.71, "categories": ["cafe"],
    "counts": {"found": 84, "new": 84, "changed": 0, "unchanged": 0, "gone": 0}, "progress": {"done": 4, "total": 4},
    "sources": [{"source": "osm", "release": "2019-04-21T17:20:26.000Z"}], "error": None,
    "created_at": "2026-11-24T04:38:00.123Z", "started_at": "2026-11-24T04:38:01.000Z",
    "finished_at": "2026-11-24T04:38:02.500Z",
}  # fmt: skip
ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Message:
    """What one delivery sends."""

    secret: str
    event_id: str
    sequence: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall-clock and CPU seconds of this process."""

    wall: float
    cpu: float


class Answering(asyncio.Protocol):
    """Answers each whole request of a kept connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]  # of a TCP server
        self.left, self.data = 0, b""

    def data_received(self, data: bytes) -> None:
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            head = self.data[:end].lower()
            start = head.index(b"content-length:") + 15
            length = int(head[start : (head + b"\r").index(b"\r", start)])
            if len(self.data) < end + 4 + length:
                return
            self.data = self.data[end + 4 + length :]
            self.transport.write(ANSWER)


def receive(listener: socket.socket) -> None:
    """Serve for ever."""

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Answering, sock=listener)
        await server.serve_forever()

    asyncio.run(serve())


@contextmanager
def receiver() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        process = multiprocessing.get_context("fork").Process(target=receive, args=(listener,), daemon=True)
        process.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
        process.terminate()
        process.join()


def prepare(url: str, deliveries: int) -> list[Message]:
    """Make endpoints, and so many events that are due; return what will be sent."""
    secrets: dict[str, str] = {}
    for number in range(ACCOUNTS):
        caller = accounts.create(f"{number}@example.com", "enterprise")
        for _ in range(ENDPOINTS):
            made, secret = webhook_endpoints.create(caller, Wanted(checked_url(url), ["scan.completed"]))
            secrets[made.id] = secret
        with base.transaction():
            for _ in range(deliveries // ACCOUNTS // ENDPOINTS):
                webhooks.emit(caller.account_id, webhooks.SCAN_COMPLETED, {"scan": SCAN})
    rows = base.rows("SELECT d.endpoint_id, e.id, d.sequence, e.body FROM delivery d JOIN event e ON e.id = d.event_id")
    return [Message(secrets[endpoint], event, sequence, body.encode()) for endpoint, event, sequence, body in rows]


def ours() -> Cost:
    """Run the job process until all is delivered and recorded; starting and stopping it does not count."""
    worker = Worker(HANDLERS, lanes=LANES)
    thread = threading.Thread(target=worker.run_forever)

    def tell() -> None:
        thread.start()
        while base.rows("SELECT EXISTS (SELECT 1 FROM delivery WHERE status = 'pending')")[0][0]:
            time.sleep(0.02)

    cost = measured(tell)
    worker.stop()
    thread.join()
    return cost


def peer(url: str, messages: Sequence[Message], sender: Callable[[str], "Send"]) -> None:
    """Send everything over IN_FLIGHT connections, each in a thread."""
    left, lock = iter(messages), threading.Lock()

    def loop() -> None:
        send = sender(url)
        while True:
            with lock:
                message = next(left, None)
            if message is None:
                return
            assert send(message.body, headers_of(message)) == 204

    threads = [threading.Thread(target=loop) for _ in range(IN_FLIGHT)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


Send = Callable[[bytes, dict[str, str]], int]


def bare(url: str) -> Send:
    target = urlsplit(url)
    connection = http.client.HTTPConnection(target.hostname or "", target.port)

    def send(body: bytes, headers: dict[str, str]) -> int:
        connection.request("POST", target.path, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    return send


def with_httpx(url: str) -> Send:
    client = httpx.Client(trust_env=False)
    return lambda body, headers: client.post(url, content=body, headers=headers).status_code


# each with the share of the messages it sends: the slow one is known after a few
PEERS = {"http.client loop": (bare, 1), "httpx loop": (with_httpx, 6)}


def headers_of(message: Message) -> dict[str, str]:
    """Return the very headers that ours sends."""
    now = int(clock.now().timestamp())
    return {
        "accept": "*/*", "user-agent": webhooks.USER_AGENT, "content-type": "application/json",
        "maptargeter-sequence": str(message.sequence),
        **signing.headers([message.secret], message.event_id, now, message.body),
    }  # fmt: skip


def measured(run: Callable[[], None]) -> Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def each(cost: Cost, number: int) -> Cost:
    return Cost(cost.wall / number, cost.cpu / number)


def round_of(url: str, deliveries: int) -> dict[str, Cost]:
    """Return what one delivery costs each, ours with a new database."""
    with tempfile.TemporaryDirectory() as home:
        settings = config.Settings.from_env({"MAPTARGETER_HOME": home, "MAPTARGETER_OUTBOUND_ALLOW": "127.0.0.0/8"})
        config.configure(settings)
        base.connect(settings.database_url)
        migrations.migrate()
        with base.connection():
            messages = prepare(url, deliveries)
            costs = {}
            for name, (sender, share) in PEERS.items():
                some = messages[: len(messages) // share]
                costs[name] = each(measured(partial(peer, url, some, sender)), len(some))
            costs[OURS] = each(ours(), len(messages))
            assert webhook.Attempt.select().where(webhook.Attempt.status_code == 204).count() == len(messages)
        webhooks.client().close()
        base.database.close_all()
    return costs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=6000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with receiver() as url:
        rounds = [round_of(url, options.deliveries) for _ in range(options.rounds)]
    print("| sender | a second | CPU ms each | ours is, by the clock | by CPU time |")
    print("|---|---|---|---|---|")
    for name in (OURS, *PEERS):
        wall = statistics.median(1 / costs[name].wall for costs in rounds)
        cpu = statistics.median(costs[name].cpu * 1000 for costs in rounds)
        by_wall = statistics.median(costs[name].wall / costs[OURS].wall for costs in rounds)
        by_cpu = statistics.median(costs[name].cpu / costs[OURS].cpu for costs in rounds)
        print(f"| {name} | {wall:.0f} | {cpu:.2f} | {by_wall:.2f} | {by_cpu:.2f} |")


if __name__ == "__main__":
    main()
