"""What every page of the dashboard costs with a very large account: server time, statements, and bytes.

Usage: python -m benchmarks.pages DATABASE_URL TOKEN [--runs 7] [--only TEXT]

TOKEN is what ``benchmarks.big_account`` printed. All pages and data addresses of the application are asked for, and on
top of that searches of every kind. Before each run somebody else writes to the database, so that nothing is remembered
from the run before. Time is that from the ASGI call to the last byte, in this process. Processor time, the median, is
what is judged: the clock also measures what else runs on the machine. The database is in the system's cache.
"""

import argparse
import logging
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import app as application
from benchmarks.page_walk import Answer, Browser, Visit, Weight, further, visits, weigh
from core import config
from models import base, counter
from services import accounts, leads
from services.accounts import Caller

MOST_MS, MOST_BYTES = 100.0, 200_000
DEEP = 30_000
PARIS, EUROPE, WORLD = "2.30000,48.83000,2.40000,48.89000", "-15,35,35,65", "-180,-85,180,85"


@dataclass(frozen=True, slots=True)
class Cost:
    """What an address costs: milliseconds by the clock and of the processor, median and 95th percentile."""

    visit: Visit
    status: int
    wall: tuple[float, float]
    cpu: tuple[float, float]
    statements: int
    weight: Weight

    @property
    def fits(self) -> bool:
        return self.cpu[0] <= MOST_MS and self.weight.sent <= MOST_BYTES


class Statements(logging.Handler):
    """Counts the SQL statements that are run."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.count = 0

    def emit(self, _record: logging.LogRecord) -> None:
        self.count += 1


@contextmanager
def counted() -> Iterator[Statements]:
    """Count the SQL statements inside."""
    log, counter_ = logging.getLogger("peewee"), Statements()
    before, log.propagate = (log.level, log.propagate), False
    log.setLevel(logging.DEBUG)
    log.addHandler(counter_)
    try:
        yield counter_
    finally:
        log.removeHandler(counter_)
        log.level, log.propagate = before


def measure(browser: Browser, visit: Visit, runs: int, kept: dict[str, Answer]) -> tuple[Cost, Answer]:
    """Ask for an address a few times after one that does not count."""
    answer = browser.get(visit.url, live=visit.live)
    wall, cpu = [], []
    with counted() as statements:
        for _ in range(runs):
            counter.add({("benchmark_runs", ()): 1})
            before, started, used = statements.count, time.perf_counter(), time.process_time()
            answer = browser.get(visit.url, live=visit.live)
            wall.append((time.perf_counter() - started) * 1000)
            cpu.append((time.process_time() - used) * 1000)
            asked = statements.count - before
    return Cost(visit, answer.status, _spread(wall), _spread(cpu), asked, weigh(browser, visit, answer, kept)), answer


def searches(caller: Caller) -> Iterator[Visit]:
    """Give searches of leads, usual ones and the worst, as pages and on the map."""
    scan_id = base.rows("SELECT scan_id FROM lead WHERE account_id = ? LIMIT 1", (caller.account_id,))[0][0]
    after = _deep(caller)
    texts: list[dict[str, str]] = [
        {"cursor": after}, {"query": "cafe"}, {"query": "a"}, {"query": "restaurant paris"}, {"query": "zzzzqqq"},
        {"category": "food_and_drink"}, {"category": "restaurant", "city": "Paris", "has_website": "true"},
        {"has_phone": "true"}, {"has_email": "false", "country": "FR"}, {"city": "Paris"}, {"gone": "true"},
        {"near": "48.8566,2.3522", "radius_m": "500"}, {"near": "48.8566,2.3522", "radius_m": "50000"},
        {"near": "48.8566,2.3522", "radius_m": "100000", "sort": "distance"}, {"bbox": PARIS}, {"bbox": EUROPE},
        {"bbox": EUROPE, "query": "bar"}, {"sort": "name"}, {"sort": "-changed_at", "category": "food_and_drink"},
        {"sort": "name", "category": "books", "city": "Monaco"}, {"sort": "name", "query": "bar"},
        {"filter": '{"tags":{"has":"vip"}}'}, {"filter": '{"stage":{"eq":"qualified"}}'},
        {"filter": f'{{"scan_id":{{"eq":"{scan_id}"}}}}'}, {"filter": '{"name":{"contains":"bar"}}'},
        {"filter": '{"name":{"contains":"zzzz"}}'}, {"filter": '{"rating":{"gte":4}}'},
        {"filter": '{"phones":{"has":"+3580000001"}}'}, {"filter": '{"enrichment_status":{"eq":"done"}}'},
        {"filter": '{"or":[{"city":{"eq":"Paris"}},{"stage":{"eq":"won"}}]}'},
        {"filter": '{"not":{"country":{"in":["FR","DE","GB"]}}}'}, {"seen_since": "2026-11-01T00:00:00Z"},
        {"sort": "name", "filter": '{"name":{"contains":"zzzz"}}'},
    ]  # fmt: skip
    for text in texts:
        yield Visit("leads", f"/dashboard/leads?{urlencode(text)}")
    for view, zoom in ((WORLD, 2), (EUROPE, 4), (EUROPE, 8), (PARIS, 13), ("2.3300,48.8500,2.3500,48.8600", 16)):
        for text in ({}, {"query": "cafe"}, {"category": "food_and_drink"}, {"filter": '{"name":{"contains":"zzzz"}}'}):
            yield Visit("lead_map", f"/dashboard/leads/map?{urlencode({'view': view, 'zoom': zoom, **text})}")
    for view in ("new_export", "new_enrichment"):
        for text in ({"query": "cafe"}, {"category": "food_and_drink", "country": "FI"}, {"city": "Monaco"}):
            yield Visit(view, f"/dashboard/{view[4:]}s/new?{urlencode(text)}")


def _deep(caller: Caller) -> str:
    """Return the cursor of a page far behind the first."""
    after = None
    for _ in range(DEEP // caller.plan.rows_per_page):
        after = (
            leads.list_leads(caller, fields=["id"], limit=caller.plan.rows_per_page, after=after).next_cursor or after
        )
    return after or ""


def _spread(times: list[float]) -> tuple[float, float]:
    ordered = sorted(times)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]


def walk(browser: Browser, application: Any, caller: Caller, email: str, given: argparse.Namespace) -> Iterator[Cost]:
    """Measure everything that there is."""
    waiting = visits(application.app.url_map.iter_rules(), caller, email) + list(searches(caller))
    kept: dict[str, Answer] = {}
    for visit in waiting:  # grows while it is walked
        if given.only not in visit.url:
            continue
        cost, answer = measure(browser, visit, given.runs, kept)
        yield cost
        if not visit.live:
            waiting += [more for more in further(visit, answer) if more not in waiting]


def main() -> None:
    given = _arguments()
    made = application.create_app(config.Settings.from_env({"MAPTARGETER_DATABASE_URL": given.database_url}))
    browser = Browser(made, given.token)
    with base.connection():
        caller = accounts.by_email(given.email)
        costs = list(walk(browser, made, caller, given.email, given))
    browser.close()
    report(costs)
    summary(costs)


def report(costs: list[Cost]) -> None:
    """Print what each address costs, the dearest last."""
    for cost in sorted(costs, key=lambda cost: (not cost.fits, cost.cpu[0])):
        sizes = (cost.weight.sent, cost.weight.unpacked, cost.weight.others)
        numbers = [f"{milliseconds:.1f}" for milliseconds in (*cost.wall, *cost.cpu)]
        numbers += [str(cost.statements), *(f"{size / 1000:.0f}" for size in sizes), str(cost.status)]
        path = cost.visit.url.removeprefix("/dashboard")[:110]
        live, remark = " (live)" * cost.visit.live, "" if cost.fits else " TOO MUCH"
        print(" | ".join((*numbers, f"{cost.visit.view}{live} {path}{remark}")))
    print(f"{len(costs)} addresses, {sum(not cost.fits for cost in costs)} of them do not fit")


def summary(costs: list[Cost]) -> None:
    """Print a table of the views, each with the worst of its addresses in every column."""
    print("| view | addresses | CPU ms | 95 % | statements | kB sent | kB unpacked |\n|---|--:|--:|--:|--:|--:|--:|")
    for view in sorted({cost.visit.view for cost in costs}):
        found = [cost for cost in costs if cost.visit.view == view]
        cpu, late = max(cost.cpu[0] for cost in found), max(cost.cpu[1] for cost in found)
        sent, unpacked = (max(getattr(cost.weight, name) for cost in found) / 1000 for name in ("sent", "unpacked"))
        statements = max(cost.statements for cost in found)
        print(f"| {view} | {len(found)} | {cpu:.0f} | {late:.0f} | {statements} | {sent:.0f} | {unpacked:.0f} |")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database_url")
    parser.add_argument("token")
    parser.add_argument("--email", default="big@example.com")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--only", default="", help="only addresses with this text in them")
    return parser.parse_args()


if __name__ == "__main__":
    main()
