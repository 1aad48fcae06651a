"""How many leads a CPU second each format of exports writes, beside what only reads or only writes.

Usage: python -m benchmarks.export sqlite:///seeded.db [--rounds 3]     (filled by benchmarks.seed)

All write the same leads in the same order to a file. CPU seconds are user and system, of the process and its threads
or of the child. Whoever reads SQLite does it with as little memory as exports do. The contestants take turns, and the
best of the rounds counts: other work on the machine only slows.
"""

import argparse
import csv
import os
import resource
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import export_sql
from models import base
from services import accounts, filters, lead_rows, leads
from services.accounts import Caller
from services.export_batch import Batch
from services.export_formats import FORMATS, Credits
from services.export_layout import Layout, layout

EVERYDAY = (
    "name", "category", "lat", "lon", "address_street", "address_house_number", "address_postcode", "address_city",
    "address_country", "phones", "emails", "websites",
)  # fmt: skip
PRAGMAS = [f"PRAGMA {name} = {value}" for name, value in base.READING_ONCE.items()]


@dataclass(frozen=True, slots=True)
class Contest:
    """What is measured: what to show of the leads of ``caller``, who has ``count``, in the database at ``path``."""

    caller: Caller
    path: str
    count: int
    folder: Path


def ours(contest: Contest, name: str, shown: Layout) -> None:
    """Write a file as the job does, apart from storing it."""
    made, credits_ = FORMATS[name], Credits()
    needs = tuple(dict.fromkeys((*made.needs(shown), *Credits.NEEDS, "id")))
    with (contest.folder / f"ours.{made.extension}").open("wb") as file, base.reading_once(), base.snapshot():
        encoder = made.open(file, shown, credits_)
        for columns in leads.walk_columns(contest.caller, filters.EVERYTHING, needs):
            batch = Batch(needs, columns)
            credits_.add(batch)
            encoder.write(batch)
        encoder.close()


def cursor(contest: Contest, query: str) -> None:
    """Fetch the rows and do nothing with them."""
    opened = sqlite3.connect(contest.path)
    for pragma in PRAGMAS:
        opened.execute(pragma)
    found = opened.execute(query)
    while found.fetchmany(1_000):
        pass
    opened.close()


def shell(contest: Contest, query: str) -> None:
    """Let the sqlite3 program write CSV."""
    silent = (".output /dev/null", *PRAGMAS, export_sql.paths(), ".output stdout")  # it prints what a pragma answers
    commands = [part for command in silent for part in ("-cmd", command)]
    with (contest.folder / "shell.csv").open("wb") as file:
        done = subprocess.run(["sqlite3", "-csv", *commands, contest.path, query], stdout=file)
    if done.returncode:
        raise SystemExit("the sqlite3 program failed")


def duckdb_copy(contest: Contest, columns: Sequence[str]) -> Callable[[], None]:
    """Let DuckDB copy the columns, as they are kept, from a table of its own to CSV, in one thread."""
    import duckdb

    opened = duckdb.connect()
    opened.execute("SET threads = 1")
    kept = sqlite3.connect(contest.path).execute(export_sql.kept(list(columns))).fetchall()
    with (contest.folder / "kept.csv").open("w", newline="") as file:
        csv.writer(file).writerows([columns, *kept])
    opened.execute(f"CREATE TABLE kept AS FROM read_csv('{contest.folder}/kept.csv', all_varchar = true)")

    def copy() -> None:
        opened.execute(f"COPY kept TO '{contest.folder}/duckdb.csv'")

    return copy


def contestants(contest: Contest) -> dict[str, Callable[[], None]]:
    """Return what is measured, by name."""
    every, few = layout(lead_rows.NAMES), layout((), [{"field": name, "header": name} for name in EVERYDAY])
    made: dict[str, Callable[[], None]] = {}
    for shown, chosen in (("all", every), ("everyday", few)):
        names, stored = [column.name for _, column in chosen.columns], _stored(chosen)
        made[f"bare cursor, {shown}"] = partial(cursor, contest, export_sql.kept(stored))
        made[f"sqlite3 -csv, {shown}, same cells"] = partial(shell, contest, export_sql.cells(names))
        made[f"sqlite3 -csv, {shown}, as kept"] = partial(shell, contest, export_sql.kept(stored))
        made[f"DuckDB, {shown}, as kept"] = duckdb_copy(contest, stored)
        for name, known in FORMATS.items():
            if shown == "all" or known.columns_apply:
                made[f"{name}, {shown}"] = partial(ours, contest, name, chosen)
    return made


def _stored(chosen: Layout) -> list[str]:
    """Return the columns of the lead table that a layout's columns are made of."""
    return list(dict.fromkeys(name for _, column in chosen.columns for name in column.needs))


def measure(contest: Contest, rounds: int) -> dict[str, float]:
    """Return the rows a CPU second of each contestant."""
    best: dict[str, float] = {}
    made = contestants(contest)
    for _ in range(rounds):
        for name, run in made.items():
            before = _cpu_s()
            run()
            best[name] = min(best.get(name, 1e9), _cpu_s() - before)
    return {name: contest.count / seconds for name, seconds in best.items()}


def _cpu_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def require_same_cells(contest: Contest) -> None:
    """Raise AssertionError unless the shell and we wrote the same table."""
    every = layout(lead_rows.NAMES)
    ours(contest, "csv", every)
    shell(contest, export_sql.cells([column.name for _, column in every.columns]))
    mine, theirs = (contest.folder / f"{name}.csv" for name in ("ours", "shell"))
    with mine.open(encoding="utf-8-sig", newline="") as first, theirs.open(encoding="utf-8", newline="") as second:
        next(first)  # the header
        for own, other in zip(csv.reader(first), csv.reader(second), strict=True):
            if own != other:
                raise AssertionError(f"not the same: {own} and {other}")


def table(rates: dict[str, float]) -> str:
    """Return the result as a table, each with its ratio to the shell that writes the same columns."""
    lines = ["| | rows per CPU second | of `sqlite3 -csv`, same cells | of the same, as kept |", "|---|--:|--:|--:|"]
    for name, rate in rates.items():
        shown = "everyday" if "everyday" in name else "all"
        same, kept = (rates[f"sqlite3 -csv, {shown}, {what}"] for what in ("same cells", "as kept"))
        lines.append(f"| {name} | {rate:,.0f} | {rate / same:.2f} | {rate / kept:.2f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database_url", help="sqlite:///path, filled by benchmarks.seed")
    parser.add_argument("--email", default="bench@example.com")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    base.connect(given.database_url)
    with base.connection(), tempfile.TemporaryDirectory() as folder:
        caller = accounts.by_email(given.email)
        path = given.database_url.removeprefix("sqlite:///")
        contest = Contest(caller, path, leads.count(caller, filters.EVERYTHING), Path(folder))
        require_same_cells(contest)
        print(f"{contest.count:,} leads, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}\n")
        print(table(measure(contest, given.rounds)))


if __name__ == "__main__":
    main()
