"""What 500 rows of a customer's list cost, beside the leads that the account has already.

Usage: python -m benchmarks.imports FOLDER [--leads 200000]

The rows are businesses of the sample city; made-up leads of ``benchmarks.seed`` are all around them. ``worst`` are rows
of one name at one point that all contradict each other by their telephone numbers, sent as two lists.
"""

import argparse
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.seed import seed
from core import config
from models import base, migrations
from providers import osm
from services import accounts, importing
from services.accounts import Caller

SAMPLE = Path(__file__).parent.parent / "data" / "helsinki-centre.osm.pbf"
MOST = 500
Row = dict[str, Any]


def real() -> Iterator[Row]:
    """Give the businesses of the sample city as rows of a list."""
    for number, found in enumerate(osm.read(SAMPLE, lambda _done, _total: None)):
        address = {name: getattr(found, name) for name in ("street", "house_number", "postcode", "city", "country")}
        yield {
            "external_id": str(number), "name": found.name, "category": found.category,
            "location": {"lat": found.lat, "lon": found.lon}, "address": address, "emails": found.emails,
            "phones": [phone["raw"] for phone in found.phones], "websites": found.websites,
        }  # fmt: skip


def worst() -> Iterator[Row]:
    """Give rows that have to be compared each with each."""
    for number in range(MOST):
        where = {"lat": 60.2, "lon": 25.2}
        phones = [f"+35850{1_000_000 + number}"]
        yield {"external_id": str(number), "name": "Kioski", "category": "kiosk", "location": where, "phones": phones}


def timed(what: str, caller: Caller, name: str, rows: list[Row]) -> None:
    """Import and say how long it took, and what came of it."""
    cpu, clock = time.process_time(), time.perf_counter()
    counts = importing.import_leads(caller, name, rows)["counts"]
    cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    told = ", ".join(f"{number} {outcome}" for outcome, number in counts.items() if number)
    print(f"{what:<34} {cpu:6.2f} s of CPU {clock:6.2f} s  {told}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--leads", type=int, default=200_000)
    asked = parser.parse_args()
    config.configure(config.Settings.from_env({"MAPTARGETER_HOME": str(asked.folder)}))
    base.connect(config.current().database_url)
    rows = list(islice(real(), MOST))
    nowhere = [{name: value for name, value in row.items() if name not in ("location", "category")} for row in rows]
    with base.connection():
        migrations.migrate()
        caller = accounts.create("imports@example.com", "enterprise")
        seed(caller, asked.leads)
        timed("new", caller, "First", rows)
        timed("sent again", caller, "First", rows)
        timed("another list, merged", caller, "Second", rows)
        timed("without location and category", caller, "Third", nowhere)
        timed("worst, new", caller, "Fourth", list(worst()))
        timed("worst, another list, merged", caller, "Fifth", list(worst()))


if __name__ == "__main__":
    main()
