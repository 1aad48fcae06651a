"""Against an API and a receiver that come and go."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from core import signing
from core.errors import Unauthenticated
from services import listening
from services.listening import Listener
from tests.core.receivers import Peer, Receiver, receiver
from tests.platform import wait_until


class Api:
    """Has events numbered from 1; each request is answered or, if ``troubles`` are left, by one of those."""

    def __init__(self) -> None:
        self.events = 0
        self.troubles: list[str] = []

    def __call__(self, peer: Peer) -> None:
        query = parse_qs(urlsplit(peer.read().split(b" ")[1].decode()).query)
        trouble = self.troubles.pop() if self.troubles else "200 OK"
        after = int(query.get("after_sequence", [str(self.events - 1)])[0])
        rows = [
            {"sequence": number, "id": f"evt_{number}", "type": "scan.completed", "payload": {"number": number}}
            for number in range(max(after, 0) + 1, self.events + 1)
        ]
        if trouble == "reset":
            peer.reset()
        else:
            page = {"data": rows[: int(query["limit"][0])], "next_cursor": None}
            peer.answer(orjson.dumps(page), trouble, "Connection: close")


@contextmanager
def listens(api: Receiver, forward_to: str) -> Iterator[tuple[Listener, list[str]]]:
    lines: list[str] = []
    over = threading.Event()
    made = Listener(api.url.removesuffix("/hook"), "mt_live_x", forward_to, lines.append, over.is_set, poll_s=0.05)
    thread = threading.Thread(target=made.run)
    thread.start()
    wait_until(lambda: len(lines) >= 2, 5, lambda: lines)
    yield made, lines
    over.set()
    thread.join()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "FIRST_PAUSE_S", 0.05)


def bodies(server: Receiver) -> list[int]:
    return [orjson.loads(request.partition(b"\r\n\r\n")[2])["number"] for request in server.requests]


def test_every_event_from_now_on_once_in_order_through_a_restart_of_the_api() -> None:
    api = Api()
    api.events = 3

    def hook(peer: Peer) -> None:
        peer.read()
        peer.answer(b"", "500 Oops", "Connection: close")

    with receiver(api) as server, receiver(hook) as target, listens(server, target.url) as (_, lines):
        api.events = 110
        wait_until(lambda: len(target.requests) >= 50, 5, lambda: lines)
        api.troubles = ["reset", "503 Busy", "reset", "500 Oops"]
        api.events = 115
        wait_until(lambda: len(target.requests) >= 112, 10, lambda: lines)
    assert bodies(target) == list(range(4, 116))
    assert sum("the API does not answer" in line for line in lines) >= 4
    assert sum("-> 500 in" in line for line in lines) == 112


def test_nothing_is_lost_while_nobody_answers() -> None:
    refuse = threading.Event()
    refuse.set()

    def hook(peer: Peer) -> None:
        if refuse.is_set():
            peer.reset()
        else:
            peer.read()
            peer.answer(b"", "204 No Content", "Connection: close")

    api = Api()
    with receiver(api) as server, receiver(hook) as target, listens(server, target.url) as (made, lines):
        api.events = 3
        wait_until(lambda: any("again in" in line for line in lines), 5, lambda: lines)
        refuse.clear()
        wait_until(lambda: len(target.requests) == 3, 5, lambda: lines)
    assert bodies(target) == [1, 2, 3]
    head, _, body = target.requests[0].partition(b"\r\n\r\n")
    headers = dict(line.decode().split(": ", 1) for line in head.split(b"\r\n")[1:])
    assert signing.verify(made.secret, headers, body, now=int(headers["webhook-timestamp"]))


def test_a_key_that_is_refused_ends_it() -> None:
    api = Api()
    api.troubles = ["401 Unauthorized"]
    with receiver(api) as server, pytest.raises(Unauthenticated):
        Listener(server.url.removesuffix("/hook"), "x", "http://127.0.0.1:9/", print).run()
