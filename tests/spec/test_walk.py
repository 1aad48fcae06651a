"""A walk through all pages of a list, while others write: nothing twice, nothing missed that was there throughout.

A lead whose place in the order changes meanwhile may come twice or not at all: it was not there throughout. The
orders by ``first_seen_at`` never change, so a walk in one of them is exact whatever happens.
"""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from core import clock
from models import base, lead_batch
from services import leads as service
from services.accounts import Caller
from tests.leads import account, gone, lead, write
from tests.platform import SAMPLE_AREA, Client, Roomy

CENTRE = (60.17, 24.94)
MOVING = ("changed_at", "last_seen_at")  # a scan moves what it finds changed, or finds at all


class Writers:
    """Somebody who all the time inserts leads, changes some of the account's and lets others be gone."""

    def __init__(self, caller: Caller, seed: int) -> None:
        self._caller, self._random = caller, random.Random(seed)
        rows = [self._lead(number) for number in range(400)]
        numbers = write(caller, *rows)
        self.untouched = {row["id"] for row in rows[:200]}
        self.changed = {row["id"] for row in rows[200:300]}
        self._changing = [
            {**row, "number": number} for row, number in zip(rows[200:300], numbers[200:300], strict=True)
        ]
        self._leaving = numbers[300:]
        self._wrote, self._stop = threading.Semaphore(0), threading.Event()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        self._stop.clear()
        thread = threading.Thread(target=self._work)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def wait(self) -> None:
        """Return once something more was written."""
        while self._wrote.acquire(blocking=False):
            pass
        assert self._wrote.acquire(timeout=20)

    def _work(self) -> None:
        with base.connection():
            while not self._stop.wait(0.001):
                now = clock.now_stamp()
                again = {**self._random.choice(self._changing), "operator": now, "changed_at": now, "last_seen_at": now}
                with base.transaction():
                    new = [self._lead(self._random.randrange(10**6)) for _ in range(2)]
                    lead_batch.write(self._caller.account_id, self._caller.account_number, new, [again])
                if self._leaving and self._random.random() < 0.2:
                    gone(self._leaving.pop())
                self._wrote.release()

    def _lead(self, number: int) -> dict[str, Any]:
        seen = f"2026-11-{self._random.randrange(1, 25):02}T00:00:00.000Z"
        times = {"first_seen_at": seen, "last_seen_at": seen, "changed_at": seen}
        place = {"lat": CENTRE[0] + self._random.uniform(-0.1, 0.1), "lon": CENTRE[1] + self._random.uniform(-0.1, 0.1)}
        return lead(f"Café {number % 150}", quality_score=self._random.randrange(0, 101, 10), **times, **place)


@pytest.mark.usefixtures("database")
def test_in_every_order_while_others_write() -> None:
    caller = account(plan="enterprise")
    writers = Writers(caller, seed=20261124)
    with writers.at_work():
        for sort in service.SORTS:
            seen = walk(caller, sort, writers)
            throughout = writers.untouched if sort.lstrip("-") in MOVING else writers.untouched | writers.changed
            twice = {one for one in seen if seen.count(one) > 1}
            assert throughout <= set(seen), f"{sort} missed {len(throughout - set(seen))}"
            assert not twice - (writers.changed if sort.lstrip("-") in MOVING else set()), (
                f"{sort} repeated {len(twice)}"
            )


def walk(caller: Caller, sort: str, writers: Writers) -> list[str]:
    """Return all ids in the order of a walk; between two pages something was written."""
    seen: list[str] = []
    after: str | None = None
    while True:
        page = service.list_leads(caller, near=CENTRE, sort=sort, fields=["id"], limit=60, after=after)
        seen += [row["id"] for row in page.rows]
        after = page.next_cursor
        if after is None:
            return seen
        writers.wait()


@pytest.mark.parametrize("sort", ["first_seen_at", "-quality_score", "name"])
def test_over_http_while_a_scan_repeats(roomy: Roomy, sort: str) -> None:
    """The scan finds every lead again; ``Link`` leads through the list as ``next_cursor`` does."""
    client, _ = roomy.roomy_account(f"walk{sort}@example.com")
    client.scanned()
    scanning = threading.Event()
    thread = threading.Thread(target=scan_on, args=(roomy.client(client.key), scanning))
    thread.start()
    seen: list[str] = []
    url = f"/v1/leads?sort={sort}&limit=50&fields=id"
    try:
        while url:
            answer = client.get(roomy.url + url).raise_for_status()
            seen += [row["id"] for row in answer.json()["data"]]
            url = answer.links.get("next", {}).get("url", "")
    finally:
        scanning.set()
        thread.join()
    assert len(seen) == len(set(seen)) == answer.json()["total"]["value"] > 1250


def scan_on(client: Client, enough: threading.Event) -> None:
    while not enough.is_set():
        client.scanned(SAMPLE_AREA)


def test_cursors_of_something_else(roomy: Roomy) -> None:
    client, _ = roomy.roomy_account("cursors@example.com")
    other, _ = roomy.roomy_account("foreign@example.com")
    for one in (client, other):
        one.scanned(categories=("cafe",))
        one.scanned(categories=("cafe",))
    right = {"limit": "2", "query": "cafe"}
    mine = client.get("/leads", params=right).json()["next_cursor"]
    foreign = other.get("/leads", params=right).json()["next_cursor"]
    scans = client.get("/scans?limit=1").json()["next_cursor"]
    assert client.get("/leads", params={**right, "cursor": mine}).status_code == 200
    assert client.get("/leads", params={**right, "cursor": mine, "limit": "5", "fields": "name"}).status_code == 200
    wrong: list[dict[str, str]] = [
        {**right, "cursor": foreign},
        {**right, "cursor": scans},
        {**right, "cursor": mine, "query": "kahvila"},
        {**right, "cursor": mine, "sort": "name"},
        {**right, "cursor": mine, "near": "60.17,24.94"},
        {**right, "cursor": mine, "has_phone": "true"},
        {**right, "cursor": mine, "gone": "true"},
        {"limit": "2", "cursor": mine},
        {**right, "cursor": mine[:-1]},
        {**right, "cursor": mine + "A"},
        *(
            {**right, "cursor": f"{mine[:at]}{'A' if mine[at] != 'A' else 'B'}{mine[at + 1 :]}"}
            for at in range(len(mine))
        ),
    ]
    for params in wrong:
        assert code(client, "/leads", params) == "invalid_cursor", params
    for path in ("/scans", "/exports", "/enrichments", "/webhook-endpoints", "/api-keys", "/audit-log"):
        assert code(client, path, {"cursor": mine}) == "invalid_cursor"
        assert (code(client, path, {"cursor": scans}) == "invalid_cursor") == (path != "/scans")


def code(client: Client, path: str, params: dict[str, str]) -> str:
    answer = client.get(path, params=params)
    return str(answer.json()["error"]["code"]) if answer.status_code == 400 else ""
