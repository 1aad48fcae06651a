"""Tells the story over and over, and kills it: `python -m tests.faults.harness '{"pairs": 500}'`.

One process is warmed up and forks for each telling, so that a crash costs a few hundred milliseconds. A run is a copy
of a furnished database, tellings that are each killed at a chosen place, and one that is left alone; then everything
must be as if nothing had happened. Prints one JSON object. May be told: `singles`, how many single crashes (all places
unless set), and `only`, a part of the names of their places; `pairs`, how many double crashes; `seed`; `postgresql`,
the URL of a server; `broken`, to plant a mistake.
"""

import asyncio
import gc
import logging
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import orjson
import psycopg
from psycopg import sql
from starlette.types import ASGIApp

import app
from core import taxonomy
from models import base, migrations
from services import accounts, api_keys
from tests.faults import story
from tests.faults.points import Points
from tests.faults.receiver import Ear
from tests.faults.story import Run
from tests.platform import database_beside

NAP = timedelta(minutes=10)  # between a crash and the next telling: longer than any lease
TEMPLATE = "crash_template"


class Harness:
    """Everything that the runs have in common."""

    def __init__(self, folder: Path, server_url: str | None, broken: bool) -> None:
        """``server_url`` names a PostgreSQL server; without one the databases are SQLite files.

        ``broken`` plants a mistake, which must be found.
        """
        self._folder, self._server_url, self._broken = folder, server_url, broken
        self._ear = Ear(folder / "heard")
        url = database_beside(server_url, TEMPLATE) if server_url else f"sqlite:///{folder / 'template.db'}"
        self._key = _furnished(url, folder, self._ear.url)
        self._application = _warmed_up(url, folder)
        self._runs = 0
        self.died = 0  # how often in the last run
        self.usual: dict[str, int] = {}
        self.points: list[str] = []

    def close(self) -> None:
        self._ear.close()

    def learn(self) -> list[str]:
        """Tell the story undisturbed; learn its places to die and what is true in the end; return what is wrong."""
        found = self.run([])
        if not (self._folder / "usual").exists():
            raise RuntimeError(f"the story cannot be told at all: {found}")
        seen = orjson.loads((self._folder / "usual").read_bytes())
        self.points, self.usual = seen["points"], seen["census"]
        return found

    def run(self, deaths: list[int]) -> list[str]:
        """Die at these places, one in each telling; tell the story to its end; return what is wrong."""
        self._runs += 1
        self.died = 0
        run = self._new_run()
        for number, fatal in enumerate([*deaths, None]):
            code = _in_child(partial(self._tell, run, fatal, NAP * number), run.folder)
            if code not in (0, -signal.SIGKILL) or (fatal is None and code):
                return [f"telling {number + 1} ended with {code}: {(run.folder / 'log').read_text()[-1500:]}"]
            self.died += code != 0
        self._forget(run)
        return list(orjson.loads((self._folder / "found").read_bytes()))

    def _tell(self, run: Run, fatal: int | None, late: timedelta) -> None:
        story.bind(run.database_url, run.folder)
        if self._broken:
            story.plant_mistake()
        points = Points(fatal)
        points.install()
        story.tell(run, self._application, late)
        if fatal is None:
            with base.connection():
                seen = {"points": points.passed, "census": story.census()}
                (self._folder / "usual").write_bytes(orjson.dumps(seen))
                heard = self._ear.heard(run.number)
                found = story.faults(run, self.usual or story.census(), heard)
                (self._folder / "found").write_bytes(orjson.dumps(found))

    def _new_run(self) -> Run:
        folder = self._folder / f"run{self._runs}"
        folder.mkdir()
        url = f"sqlite:///{folder / 'maptargeter.db'}"
        if self._server_url:
            url = database_beside(self._server_url, f"crash_{self._runs}", TEMPLATE)
        else:
            shutil.copy(self._folder / "template.db", folder / "maptargeter.db")
        return Run(self._runs, folder, url, self._ear.url, self._key)

    def _forget(self, run: Run) -> None:
        shutil.rmtree(run.folder)
        if self._server_url:
            with psycopg.connect(self._server_url, autocommit=True) as server:
                name = sql.Identifier(f"crash_{run.number}")
                server.execute(sql.SQL("DROP DATABASE {0} WITH (FORCE)").format(name))


def explore(harness: Harness, singles: int | None, pairs: int, seed: int, only: str) -> dict[str, Any]:
    """Die at every place named like ``only`` (or at ``singles`` of them), then at random pairs; return a report."""
    began, chance = time.monotonic(), random.Random(seed)
    wrong = {"undisturbed": found} if (found := harness.learn()) else {}
    every = [*range(1, len(harness.points) + 1)]
    named = [place for place in every if only in harness.points[place - 1]]
    chosen = named if singles is None else chance.sample(named, min(singles, len(named)))
    died = {1: 0, 2: 0}
    tries: list[list[int]] = [[first] for first in chosen]
    while tries or died[2] < pairs:
        deaths = tries.pop(0) if tries else _pair(chance, len(every))
        if found := harness.run(deaths):
            wrong[f"{deaths}: {harness.points[deaths[0] - 1]}"] = found
        died[harness.died] = died.get(harness.died, 0) + 1
    took = round(time.monotonic() - began, 1)
    return {"points": harness.points, "singles": len(chosen), "doubles": died[2], "seconds": took, "wrong": wrong}


def _pair(chance: random.Random, places: int) -> list[int]:
    """Choose two places; what was done before the first death need not be done again, so the second comes sooner."""
    first = chance.randint(1, places)
    return [first, chance.randint(1, max(8, places - first))]


def main(wanted: dict[str, Any]) -> int:
    logging.disable(logging.CRITICAL)
    shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="crash-", dir=shared) as folder:
        harness = Harness(Path(folder), wanted.get("postgresql"), wanted.get("broken", False))
        try:
            pairs, seed, only = wanted.get("pairs", 0), wanted.get("seed", 1), wanted.get("only", "")
            report = explore(harness, wanted.get("singles"), pairs, seed, only)
        finally:
            harness.close()
    sys.stdout.buffer.write(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")
    return 1 if report["wrong"] else 0


def _furnished(url: str, folder: Path, receiver: str) -> str:
    """Make the database that every run begins with; return a key to it. In a child, so that nothing is held open."""

    def furnish() -> None:
        story.bind(url, folder)
        migrations.migrate()
        with base.connection():
            story.furnish(receiver)
            caller = accounts.create("ada@example.com", "enterprise")
            (folder / "key").write_text(api_keys.create(caller, "everything", api_keys.SCOPES)[1])
            if url.startswith("sqlite"):
                base.database.execute_sql("PRAGMA journal_mode = delete")

    if _in_child(furnish, folder):
        raise RuntimeError((folder / "log").read_text())
    return (folder / "key").read_text()


def _warmed_up(url: str, folder: Path) -> ASGIApp:
    """Make the application; it is built at the first request, which here needs neither thread nor database."""
    application = app.create_app(story.bind(url, folder))

    async def ask() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://test") as client:
            assert (await client.get("/v1/nowhere")).status_code == 404

    asyncio.run(ask())
    taxonomy.get("cafe")  # which reads its file
    gc.freeze()  # so that children do not copy what they only look at
    return application


def _in_child(work: Callable[[], None], folder: Path) -> int:
    """Do the work in a process of its own; return its exit code, or the negative number of the signal that ended it."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            (folder / "log").write_text(traceback.format_exc())
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    sys.exit(main(orjson.loads(sys.argv[1])))
