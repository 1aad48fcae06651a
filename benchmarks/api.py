"""One page of 50 leads: MapTargeter beside a plain FastAPI, SQLAlchemy and pydantic app on the same table.

Usage: python -m benchmarks.api [--leads 20000] [--requests 1500] [--rounds 5]

MapTargeter runs as `maptargeter serve --no-jobs` with everything switched on: the key looked up, the exact limit
counted, request and answer validated. The peer (`benchmarks.api_peer`) looks the key up and answers the same page.
Both serve from one process, are asked over keep-alive connections in turn, and are judged by the CPU time of what
serves, which a busy machine disturbs least. MapTargeter remembers a total while the database stands still, so each
is measured twice: at rest, and with somebody writing all the time, when both count for every page. Prints two tables.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import orjson

from benchmarks import seed
from core import config
from models import account as accounts_table
from models import base, migrations
from services import accounts, api_keys
from tests.platform import ROOT, free_port, wait_until

PATH = "/v1/leads?limit=50"
CONNECTIONS = 4
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Contender:
    """A server under test and the process that serves."""

    name: str
    port: int
    key: str
    process: "subprocess.Popen[bytes]"

    def cpu_s(self) -> float:
        """Return the CPU seconds of the process and its descendants."""
        return sum(_cpu_of(pid) for pid in _family(self.process.pid))

    def ask(self, count: int) -> float:
        """Send ``count`` requests over CONNECTIONS connections; return CPU microseconds a request."""
        before = self.cpu_s()
        threads = [threading.Thread(target=self._ask, args=(count // CONNECTIONS,)) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return (self.cpu_s() - before) / (count // CONNECTIONS * CONNECTIONS) * 1e6

    def fetch(self) -> bytes:
        """Return the body of one request; raise unless it is a 200."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", PATH, headers={"X-API-Key": self.key})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status != 200:
            raise AssertionError(f"{self.name} answers {answer.status}: {body[:300]!r}")
        return body

    def _ask(self, count: int) -> None:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        for _ in range(count):
            connection.request("GET", PATH, headers={"X-API-Key": self.key})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise AssertionError(f"{self.name} answers {answer.status}")
        connection.close()


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "MAPTARGETER_HOME": folder}
        key = _prepare(environ, arguments.leads)
        contenders = [_ours(environ, key), _peer(environ, key)]
        try:
            _compare(contenders, arguments.requests, arguments.rounds)
        finally:
            for contender in contenders:
                contender.process.terminate()
                contender.process.wait()


def _compare(contenders: list[Contender], requests: int, rounds: int) -> None:
    for contender in contenders:
        wait_until(_answering(contender), 60, lambda: "a server does not start")
    print("at rest")
    _table(contenders, requests, rounds)
    with _writes():
        print("while somebody writes")
        _table(contenders, requests, rounds)


@contextmanager
def _writes() -> Iterator[None]:
    """Commit a small change every millisecond or so, until the block ends."""
    done = threading.Event()

    def write() -> None:
        with base.connection():
            while not done.wait(0.001):
                with base.transaction():
                    base.database.execute_sql("UPDATE account SET plan = plan")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _table(contenders: list[Contender], requests: int, rounds: int) -> None:
    pages = [contender.fetch() for contender in contenders]
    if orjson.loads(pages[0])["data"] != orjson.loads(pages[1])["data"]:
        raise AssertionError("the two do not answer with the same leads")
    sizes = {contender.name: len(page) for contender, page in zip(contenders, pages, strict=True)}
    for contender in contenders:
        contender.ask(requests // 4)
    figures: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for _ in range(rounds):
        for contender in contenders:
            figures[contender.name].append(contender.ask(requests))
    print(f"{'server':<14}{'CPU us a request: min':>24}{'median':>10}{'max':>10}{'bytes a page':>16}")
    for name, values in figures.items():
        print(f"{name:<14}{min(values):>24.0f}{statistics.median(values):>10.0f}{max(values):>10.0f}{sizes[name]:>16,}")
    ours, peer = (statistics.median(figures[contender.name]) for contender in contenders)
    print(f"requests per CPU second: {1e6 / ours:.0f} to {1e6 / peer:.0f}, ratio {peer / ours:.2f}")


def _prepare(environ: dict[str, str], leads: int) -> str:
    settings = config.Settings.from_env(environ)
    config.configure(settings)
    base.connect(settings.database_url)
    migrations.migrate()
    with base.connection():
        caller = accounts.create("bench@example.com", "enterprise")
        unlimited = {"requests_per_minute": 1_000_000}
        accounts_table.Account.update(limits=unlimited).where(accounts_table.Account.id == caller.account_id).execute()
        _, key = api_keys.create(caller, "benchmark", api_keys.SCOPES)
        seed.seed(caller, leads)
    base.close_connection()
    return key


def _ours(environ: dict[str, str], key: str) -> Contender:
    port = free_port()
    command = [sys.executable, "-m", "cli", "serve", "--no-jobs", "--port", str(port)]
    return Contender("MapTargeter", port, key, subprocess.Popen(command, cwd=ROOT, env=environ))


def _peer(environ: dict[str, str], key: str) -> Contender:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "benchmarks.api_peer:app", "--port", str(port), "--no-access-log"]
    return Contender("FastAPI", port, key, subprocess.Popen(command, cwd=ROOT, env=environ))


def _answering(contender: Contender) -> Callable[[], bool]:
    def answers() -> bool:
        try:
            return bool(contender.fetch())
        except OSError:
            return False

    return answers


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in _family(int(child)))]


def _cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=20_000)
    parser.add_argument("--requests", type=int, default=1_500)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    started = time.monotonic()
    main()
    print(f"({time.monotonic() - started:.0f} s)")
