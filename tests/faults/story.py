"""One small story told by a client that repeats what got no answer, and what must be true when it has ended.

A key, two webhook endpoints, a scan, an enrichment and an export of what it found, and six deliveries, some at the
second attempt. The client keeps what it was answered; whoever asks again with the same Idempotency-Key must be answered
the same.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
from starlette.types import ASGIApp

from core import clock, config
from jobs import HANDLERS, PERIODIC
from jobs.worker import Worker
from models import base, schema
from services import enrich_web, idempotency
from services.export_formats import FORMATS
from tests import catalogue
from tests.catalogue import LAT, LON
from tests.faults.offered import untrue

AREA = {"bbox": [LON - 0.02, LAT - 0.02, LON + 0.06, LAT + 0.02]}
EVENTS = ["enrichment.batch_done", "export.ready", "scan.completed"]
PATHS = ("/steady", "/moody")
PATIENCE = 3  # turns of half a minute: the second attempt follows after 5 seconds
ROWS_PER_FILE, FILES = 4, 3
ANY_NUMBER = {"attempt", "counter", "job"}  # tables whose rows depend on how often things were tried


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the story: its folder, its database, where its receiver listens."""

    number: int
    folder: Path
    database_url: str
    receiver: str
    key: str

    @property
    def answers(self) -> Path:
        """What the client was answered, one line each."""
        return self.folder / "answers"


def bind(database_url: str, home: Path) -> config.Settings:
    """Choose the database of this process, and files below ``home``."""
    settings = config.Settings.from_env(
        {
            "MAPTARGETER_HOME": str(home),
            "MAPTARGETER_DATABASE_URL": database_url,
            "MAPTARGETER_LIMITS_URL": "memory://",
            "MAPTARGETER_SECRET_KEY": "a secret of at least 32 characters",
            "MAPTARGETER_OUTBOUND_ALLOW": "127.0.0.0/8",
            "MAPTARGETER_CRAWLER": "local",
        }
    )
    config.configure(settings)
    base.connect(database_url, pragmas={"synchronous": "off"} if database_url.startswith("sqlite") else None)
    return settings


def furnish(receiver: str) -> None:
    """Put places into the catalogue: a dozen in two tiles, some of them twice, two with a website at ``receiver``."""
    sites = [[f"{receiver}/"] if n < 2 else [] for n in range(10)]
    places = [catalogue.place(f"node/{n}", 400.0 * n, name=f"Café {n}", websites=sites[n]) for n in range(10)]
    twice = [catalogue.place(f"way/{n}", 400.0 * n + 3, name=f"Café {n}") for n in range(2)]
    catalogue.publish(places + twice)


def plant_mistake() -> None:
    """Forget which requests were made before, as a client without an Idempotency-Key would."""

    def once(_caller: Any, _operation: str, _key: str, _request: Any, effect: Any) -> tuple[Any, bool]:
        return effect(), False

    vars(idempotency)["once"] = once


def tell(run: Run, application: ASGIApp, late: timedelta) -> None:
    """Tell the story from its beginning to its end, ``late`` after the first time it was told."""
    vars(enrich_web)["GAP_S"] = 0.0  # a website of our own need not be spared
    FORMATS["csv"] = replace(FORMATS["csv"], max_rows=ROWS_PER_FILE)  # so that the leads take several files
    with _clock(late) as later, asyncio.Runner() as runner:
        client = _Client(run, application, runner)
        for sweep in PERIODIC:
            _swept(sweep.run)
        client.create("/v1/api-keys", {"name": "CI", "scopes": ["leads:read"]})
        for path in PATHS:
            url = f"{run.receiver}/{run.number}{path}"
            client.create("/v1/webhook-endpoints", {"url": url, "event_types": EVENTS}, path)
        client.create("/v1/scans", {"name": "Cafés", "area": AREA})
        _work(later)
        client.create("/v1/enrichments", {"filters": {"website": {"exists": True}}})
        _work(later)
        client.create("/v1/exports", {"format": "csv", "filters": {"category": {"in": ["cafe"]}}})
        _work(later)
        for sweep in PERIODIC:
            _swept(sweep.run)


def _swept(run: Any) -> None:
    with base.connection():
        run()


def _work(later: Any) -> None:
    for _ in range(PATIENCE):
        Worker(HANDLERS).run_until_idle()
        later(30)


@contextmanager
def _clock(late: timedelta) -> Iterator[Any]:
    shift = [late]

    def later(seconds: float) -> None:
        shift[0] += timedelta(seconds=seconds)

    clock.set_source(lambda: datetime.now(UTC) + shift[0])
    yield later
    clock.set_source(None)


class _Client:
    """Asks the API, without a socket between."""

    def __init__(self, run: Run, application: ASGIApp, runner: asyncio.Runner) -> None:
        self._run, self._runner = run, runner
        transport = httpx.ASGITransport(application)
        headers = {"X-API-Key": run.key}
        self._http = httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers)

    def create(self, path: str, body: dict[str, Any], name: str = "") -> None:
        """Create something with a key of its own, and keep the answer."""
        headers = {"Idempotency-Key": f"story{path}{name}".replace("/", "-")}
        answer = self._runner.run(self._http.post(path, json=body, headers=headers))
        assert answer.status_code in (201, 202), answer.text
        with self._run.answers.open("ab") as file:
            file.write(orjson.dumps([path + name, answer.json()]) + b"\n")


def census() -> dict[str, int]:
    """How many rows each table has that must not depend on crashes; audit entries by what was done."""
    names = {table._meta.table_name for table in schema.TABLES} - ANY_NUMBER
    rows = {name: int(base.rows(f'SELECT count(*) FROM "{name}"')[0][0]) for name in sorted(names)}
    audited = base.rows("SELECT action, count(*) FROM audit_entry GROUP BY action")
    return rows | {f"audit {action}": int(number) for action, number in audited}


def faults(run: Run, usual: dict[str, int], heard: list[tuple[str, str, str, bool]]) -> list[str]:
    """Return what is wrong in the end; ``heard`` are (path, webhook-id, sha256 of the body, accepted)."""
    found = [f"{name}: {now}, not {usual.get(name)}" for name, now in census().items() if now != usual.get(name)]
    found += [f"left over: {row}" for row in base.rows("SELECT kind, state, last_error FROM job")]
    ends = {"scan": "completed", "enrichment": "completed", "export": "completed", "delivery": "delivered"}
    for table, done in ends.items():
        states = base.rows(f'SELECT status, count(*) FROM "{table}" GROUP BY status')
        found += [f"{number} {table} {status}" for status, number in states if status != done]
    return found + _unequal_answers(run) + _untold(heard) + _bad_files() + _gaps()


def _unequal_answers(run: Run) -> list[str]:
    """An answer given again is the answer given before."""
    first: dict[str, Any] = {}
    lines = [orjson.loads(line) for line in run.answers.read_bytes().splitlines()]
    return [f"{path}: another answer" for path, answer in lines if first.setdefault(path, answer) != answer]


def _untold(heard: list[tuple[str, str, str, bool]]) -> list[str]:
    """Each event came to each endpoint, under its own id, always with the same bytes."""
    events = {
        event: hashlib.sha256(body.encode()).hexdigest() for event, body in base.rows("SELECT id, body FROM event")
    }
    found = [f"{path} heard of {event}" for path, event, digest, _ in heard if events.get(event) != digest]
    accepted = Counter((path, event) for path, event, _, accepted in heard if accepted)
    return found + [
        f"{path} was not told of {event}" for path in PATHS for event in events if not accepted[path, event]
    ]


def _bad_files() -> list[str]:
    """What is offered is whole; it takes several files."""
    offered = base.rows("SELECT id FROM export WHERE status = 'completed'")
    return [wrong for (export_id,) in offered for wrong in untrue(export_id, files=FILES)]


def _gaps() -> list[str]:
    """Events are numbered without a gap."""
    numbers = [number for (number,) in base.rows("SELECT sequence FROM event ORDER BY sequence")]
    return [] if numbers == [*range(1, len(numbers) + 1)] else [f"events are numbered {numbers}"]
