"""Whatever comes in over a socket, what goes out is no 5xx, and every refusal has the one shape of an error.

HOSTILE_REQUESTS and HOSTILE_SEED choose another number and other attacks than the usual ones.
"""

import contextlib
import os
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx
import orjson
import pytest

from tests.platform import SAMPLE, Roomy
from tests.promises import Promises
from tests.spec.attacks import Attack, Attacker

NUMBER = int(os.environ.get("HOSTILE_REQUESTS", "1500"))
SEED = os.environ.get("HOSTILE_SEED", "2026-11-24")
AT_ONCE = 8
PATIENCE_S = 0.4  # for an answer to what may be only the beginning of a request
TIMEOUT_S = 30
MORE_MEMORY = 32_000_000  # bytes that a process may grow by in the second half: caches fill, nothing leaks
PROMISES = Promises.read()

Answer = tuple[int, dict[str, str], bytes]


class NotHttp(Exception):
    """What came back is no answer."""


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Roomy]:
    """An installation of its own, without jobs: what is queued here would keep those of others waiting."""
    made = Roomy(tmp_path)
    made.run("places", "import", str(SAMPLE))
    made.start("--no-jobs")
    yield made
    assert made.stop() == 0


def test_nothing_breaks_it(target: Roomy) -> None:
    client, _ = target.roomy_account("hostile@example.com", webhook_endpoints=3, api_keys=20)
    processes, logged = children(target), target.log.stat().st_size
    attackers = [Attacker(f"{SEED} {thread}", client.key) for thread in range(AT_ONCE)]
    half = partial(run, target, number=NUMBER // AT_ONCE // 2)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        faults = [*pool.map(half, attackers)]
        before = memory(processes)
        faults += pool.map(half, attackers)
        after = memory(processes)
    found = [fault for some in faults for fault in some]
    assert not found, f"{len(found)} faults:\n" + "\n".join(found[:20])
    assert httpx.get(f"{target.url}/v1/status").status_code == 200
    assert children(target) == processes, "a process had to be started again"
    assert b"Traceback" not in target.log.read_bytes()[logged:]
    assert all(after[one] - before[one] < MORE_MEMORY for one in processes), (before, after)


def run(target: Roomy, attacker: Attacker, number: int) -> list[str]:
    """Return what was wrong with the answers, each with the bytes that it answers."""
    faults = []
    for _ in range(number):
        attack = attacker.attack()
        try:
            received = exchange(target.port, attack)
            answers = list(parse(received, attack.data.startswith(b"HEAD ")))
            pages = b"/dashboard" in attack.data.partition(b"\r\n")[0]
            found = [fault for answer in answers for fault in faults_of(*answer, pages=pages)]
            found += ["no answer"] if attack.whole and not answers else []
        except (NotHttp, TimeoutError) as error:
            found = [f"{type(error).__name__} {error}"]
        faults += [f"{fault}\n    to {attack.data[:600]!r} ({len(attack.data)} bytes)" for fault in found]
    return faults


def exchange(port: int, attack: Attack) -> bytes:
    """Send an attack and return everything that comes back until the server closes; TimeoutError if it does not."""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as connection:
        received = b""
        with contextlib.suppress(ConnectionError):  # it may have heard enough
            connection.sendall(attack.data)
        if attack.leave:
            return b""
        with contextlib.suppress(ConnectionError):
            connection.settimeout(TIMEOUT_S if attack.whole else PATIENCE_S)
            try:
                received = connection.recv(65536)
            except TimeoutError:
                connection.shutdown(socket.SHUT_WR)  # it waits for more, which does not come
            connection.settimeout(PATIENCE_S if received and not attack.whole else TIMEOUT_S)
            while part := _more(connection, attack):
                received += part
        return received


def _more(connection: socket.socket, attack: Attack) -> bytes:
    try:
        return connection.recv(65536)
    except TimeoutError:
        if attack.whole:
            raise
        return b""  # a connection that is kept open


def parse(received: bytes, is_head: bool) -> Iterator[Answer]:
    """Give the answers in what came back; raise NotHttp for anything else.

    A HEAD that could not be read as one is answered with a body.
    """
    while received:
        head, end, received = received.partition(b"\r\n\r\n")
        line, *fields = head.split(b"\r\n")
        status = re.fullmatch(rb"HTTP/1\.1 ([1-5]\d\d) [\x20-\x7e]*", line)
        if not status or not end or any(not re.fullmatch(rb"[!-9;-~]+: [\x20-\x7e\xa0-\xff]*", one) for one in fields):
            raise NotHttp(repr(head[:300]))
        code = int(status[1])
        pairs = [field.decode("latin-1").split(": ", 1) for field in fields]
        headers = {name.lower(): value for name, value in pairs}
        if code < 200 or code in (204, 304) or (is_head and not received.startswith(b'{"error"')):
            body = b""
        elif headers.get("transfer-encoding") == "chunked":
            body, received = _chunks(received)
        else:
            length = int(headers["content-length"])
            body, received = received[:length], received[length:]
            if len(body) < length:
                raise NotHttp(f"only {len(body)} bytes of a body of {length}")
        if code >= 200:
            yield code, headers, body


def _chunks(received: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        size, _, received = received.partition(b"\r\n")
        length = int(size, 16)
        body, received = body + received[:length], received[length + 2 :]
        if not length:
            return body, received


def faults_of(status: int, headers: dict[str, str], body: bytes, *, pages: bool = False) -> Iterator[str]:
    """Say what is wrong with one answer; where there are ``pages``, an error may be one for people."""
    if status >= 500:
        yield f"{status} {body[:200]!r}"
    elif pages and headers.get("content-type", "").startswith("text/html"):
        return
    elif status >= 400 and body:
        try:
            error = orjson.loads(body)
        except orjson.JSONDecodeError:
            yield f"{status} is not JSON: {body[:200]!r}"
            return
        fault = PROMISES.error(error)
        if fault or headers.get("content-type") != "application/json":
            yield f"{status} is no error: {fault} {headers} {body[:200]!r}"
        elif headers.get("x-request-id") != error["error"]["request_id"]:
            yield f"{status} has no name: {headers}"
    if status in (401, 405) and {401: "www-authenticate", 405: "allow"}[status] not in headers:
        yield f"{status} without what it needs: {headers}"


def children(target: Roomy) -> list[int]:
    """Return the processes under the supervisor; none where the system does not tell."""
    assert target._server
    path = Path(f"/proc/{target._server.pid}/task/{target._server.pid}/children")
    return [int(child) for child in path.read_text().split()] if path.exists() else []


def memory(processes: list[int]) -> dict[int, int]:
    """Return the bytes of memory that each process has in use."""
    return {
        one: int(Path(f"/proc/{one}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") for one in processes
    }


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 400 Bad Request\r\ncontent-length: 31\r\n\r\nInvalid HTTP request received.\n",
        b"HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nbad\x00name: x\r\n\r\n",
        b"hello",
    ],
)
def test_what_would_be_noticed(answer: bytes) -> None:
    with contextlib.suppress(NotHttp):
        assert any(list(faults_of(*one)) for one in parse(answer, False))
