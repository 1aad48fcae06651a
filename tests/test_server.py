import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

import server
from core import config

ROOT = Path(__file__).parents[1]


@dataclass
class Running:
    """A supervisor of the tiny application, and where it serves."""

    process: subprocess.Popen[str]
    url: str

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def pids(self) -> set[int]:
        """The web processes that answer; each request on a connection of its own."""
        with httpx.Client(trust_env=False, verify=False, limits=httpx.Limits(max_keepalive_connections=0)) as client:
            return {int(client.get(self.url).text) for _ in range(12)}

    def all_pids(self, number: int) -> set[int]:
        """Ask until ``number`` of them answered."""
        seen = self.pids()
        deadline = time.monotonic() + 10
        while len(seen) < number:
            assert time.monotonic() < deadline, seen
            seen |= self.pids()
        return seen


def start(factory: str, workers: int, jobs: str = "none", **environ: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.tiny_app", factory, str(workers), jobs]
    return subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@contextmanager
def running(workers: int, jobs: str = "none", **environ: str) -> Iterator[Running]:
    with start("create_app", workers, jobs, **environ) as process:
        try:
            assert process.stdout
            yield Running(process, process.stdout.readline().strip())
        finally:
            process.kill()


def until(true: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_killed_web_process_comes_back() -> None:
    with running(2) as served:
        before = served.all_pids(2)
        killed = min(before)
        os.kill(killed, signal.SIGKILL)
        until(lambda: killed not in served.pids())
        assert len(served.all_pids(2) - before) == 1
        served.process.terminate()
        assert served.process.wait(10) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_and_requests_in_flight_finish(number: signal.Signals) -> None:
    with running(1) as served, httpx.Client(trust_env=False, verify=False) as client:  # made before: it takes a while
        answers: list[int] = []
        asked = threading.Thread(target=lambda: answers.append(client.get(f"{served.url}/2").status_code))
        asked.start()
        time.sleep(0.3)
        served.process.send_signal(number)
        until(lambda: is_free(served.port))
        assert answers == []
        assert served.process.wait(10) == 0
        asked.join(5)
        assert answers == [200]


def test_a_second_signal_ends_it_at_once() -> None:
    with running(1) as served:
        (pid,) = served.pids()
        with socket.create_connection(("127.0.0.1", served.port)) as raw:
            raw.sendall(b"GET /20 HTTP/1.1\r\n\r\n")
            time.sleep(0.2)
            served.process.terminate()
            time.sleep(0.2)
            served.process.terminate()
            assert served.process.wait(10) == 1
        until(lambda: is_gone(pid))


def test_a_port_in_use_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with start("create_app", 1, PORT=str(port)) as process:
            output, complaint = process.communicate(timeout=10)
    assert process.returncode == 1
    assert output == ""
    assert complaint == f"Cannot listen on 127.0.0.1 port {port}: Address already in use.\n"


def test_an_application_that_cannot_be_made() -> None:
    with start("create_nothing", 2) as process:
        output, complaint = process.communicate(timeout=20)
    assert process.returncode == 1
    assert output == ""
    assert "this application cannot be made" in complaint
    assert "could not start" in complaint


@pytest.mark.usefixtures("database")
def test_with_a_job_process(settings: config.Settings) -> None:
    environ = {"MAPTARGETER_HOME": str(settings.home), "MAPTARGETER_DATABASE_URL": settings.database_url}
    with running(1, "jobs", **environ) as served:
        assert served.pids()
        served.process.terminate()
        assert served.process.wait(10) == 0


def test_nothing_outlives_a_killed_supervisor() -> None:
    with running(1) as served:
        (pid,) = served.pids()
        served.process.kill()
        until(lambda: is_gone(pid))
        assert is_free(served.port)


def test_pauses_grow() -> None:
    pauses = [server.pause(failures) for failures in range(1000)]
    assert pauses[:4] == [0, 0, 0.5, 1]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 10
