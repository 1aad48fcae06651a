"""A whole MapTargeter as an operator runs it: real processes, a real port, a folder of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
from psycopg import sql

from core import config
from models import account as account_table
from models import base
from services import accounts, api_keys
from services.accounts import Caller
from tests.traffic import traffic

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "data" / "helsinki-centre.osm.pbf"
SAMPLE_AREA = {"bbox": [24.93, 60.16, 24.96, 60.185]}
ROOMY = {"requests_per_minute": 10**9, "webhook_endpoints": 10**6, "api_keys": 10**6}


class Platform:
    """An installation in ``home``. ``url`` answers between ``start`` and ``stop``."""

    def __init__(self, home: Path, **environ: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.home = home
        self.log = home / "serve.log"
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MAPTARGETER_")},
            "MAPTARGETER_HOME": str(home),
            "MAPTARGETER_PUBLIC_URL": self.url,
            "MAPTARGETER_OUTBOUND_ALLOW": "127.0.0.0/8",
            "MAPTARGETER_CRAWLER": "local",  # no test visits the websites of real businesses
            **environ,
        }
        self._server: subprocess.Popen[bytes] | None = None
        self._clients: list[Client] = []

    def run(self, *arguments: str) -> str:
        """Run a ``maptargeter`` command and return what it printed; raise on failure."""
        done = self.try_run(*arguments)
        if done.returncode:
            raise AssertionError(f"maptargeter {' '.join(arguments)} failed: {done.stderr}")
        return done.stdout

    def try_run(self, *arguments: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a ``maptargeter`` command that reads ``typed``, whatever comes of it."""
        command = [sys.executable, "-m", "cli", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environ, capture_output=True, text=True, timeout=60, input=typed
        )  # fmt: skip

    def start(self, *arguments: str) -> None:
        """Serve until ``stop``; return once it answers."""
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                [sys.executable, *self._serve(*arguments)], cwd=ROOT, env=self.environ, stdout=log, stderr=log
            )
        wait_until(self._answers, 60, lambda: self.log.read_text())

    def stop(self) -> int:
        """End it as an operator would; return its exit code."""
        for client in self._clients:
            client.close()
        assert self._server is not None
        self._server.send_signal(signal.SIGTERM)
        return self._server.wait(timeout=40)

    def account(self, email: str, plan: str = "pro") -> "Client":
        """Make an account with a key for everything, and return its client."""
        self.run("account", "create", email, "--plan", plan)
        return self.client(self.run("key", "create", email).splitlines()[-1])

    def client(self, key: str) -> "Client":
        self._clients.append(Client(self.url, key))
        return self._clients[-1]

    @contextmanager
    def tables(self) -> Iterator[None]:
        """Bind this process to the installation's database, to bring about what no request can."""
        settings = config.Settings.from_env(self.environ)
        config.configure(settings)
        base.connect(settings.database_url)
        try:
            with base.connection():
                yield
        finally:
            base.database.close_all()

    def roomy_account(self, email: str, **limits: Any) -> tuple["Client", Caller]:
        """Make an account with other limits than its plan's, by default none to run into; without starting a process.

        Return its client, with a key for everything, and the account as services see it.
        """
        with self.tables():
            made = accounts.create(email, "enterprise")
            row = account_table.Account.id == made.account_id
            account_table.Account.update(limits=ROOMY | limits).where(row).execute()
            caller = accounts.by_id(made.account_id)
            key = api_keys.create(caller, "everything", api_keys.SCOPES)[1]
        return self.client(key), caller

    def _serve(self, *arguments: str) -> list[str]:
        return ["-m", "cli", "serve", "--port", str(self.port), *arguments]

    def _answers(self) -> bool:
        if self._server is not None and self._server.poll() is not None:
            raise AssertionError(f"the server ended: {self.log.read_text()}")
        try:
            return httpx.get(f"{self.url}/healthz", timeout=2).status_code == 200
        except httpx.TransportError:
            return False


class Roomy(Platform):
    """An installation where one address may send many requests without a key: ``ADDRESS_LIMIT`` a minute."""

    def _serve(self, *arguments: str) -> list[str]:
        target, jobs = "tests.spec.roomy:create_app", "--no-jobs" not in arguments
        serve = f"server.serve('127.0.0.1', {self.port}, 1, {jobs}, target='{target}')"
        return ["-c", f"import sys, server; sys.exit({serve})"]


class Client(httpx.Client):
    """An HTTP client with a key, and the waiting that every story needs. What it hears must fit the contract."""

    def __init__(self, url: str, key: str) -> None:
        heard = {"response": [traffic().answered]}
        super().__init__(base_url=f"{url}/v1", headers={"X-API-Key": key}, timeout=30, event_hooks=heard)
        self.key = key

    def finished(self, path: str, seconds: float = 30) -> dict[str, Any]:
        """Poll ``path`` until its ``status`` is a final one; return the document."""
        document: dict[str, Any] = {}

        def done() -> bool:
            document.update(self.get(path).raise_for_status().json())
            return document["status"] not in ("queued", "running")

        wait_until(done, seconds, lambda: str(document))
        return document

    def scanned(self, area: dict[str, Any] | None = None, categories: tuple[str, ...] = ()) -> dict[str, Any]:
        """Scan an area, by default the whole sample, to the end."""
        body = {"area": area or SAMPLE_AREA, "categories": list(categories)}
        made = self.post("/scans", json=body).raise_for_status().json()
        return self.finished(f"/scans/{made['id']}")


def wait_until(condition: Any, seconds: float, what: Any) -> None:
    """Ask until ``condition()`` is true; fail with ``what()`` after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what()}")
        time.sleep(0.05)


def database_beside(postgresql_url: str, name: str, template: str = "template1") -> str:
    """Make a database in the test run's server, for an installation of its own; return its URL.

    It is empty, or a copy of another that nobody is connected to.
    """
    with psycopg.connect(postgresql_url, autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {0}").format(sql.Identifier(name)))
        copied = sql.SQL("CREATE DATABASE {0} TEMPLATE {1}").format(sql.Identifier(name), sql.Identifier(template))
        server.execute(copied)
    return urlsplit(postgresql_url)._replace(path=f"/{name}").geturl()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def key_in(text: str) -> str:
    """Return the API key in what a command printed."""
    found = re.search(r"mt_live_[0-9A-Za-z]{38}", text)
    assert found, text
    return found[0]
