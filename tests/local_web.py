"""A web of its own for tests: many hosts on 127.0.0.0/8 behind one port, well-behaved, slow, broken and hostile ones.

Each host is an address, ``127.x.y.z``. What was asked of it, when, and how much at once stands in ``log``, as its owner
would see it: whether a visitor was polite is judged by that alone.
"""

import asyncio
import gzip
import threading
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise

Writer = asyncio.StreamWriter
HOLD_S = 30.0


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the host saw it: ``at`` and ``done`` in seconds, ``together`` how many were under way with it."""

    host: str
    path: str
    headers: dict[str, str]
    at: float
    together: int


Answer = Callable[[Request, Writer], Awaitable[None]]


def page(
    body: str | bytes = "", *headers: str, status: str = "200 OK", kind: str = "text/html; charset=utf-8",
    etag: str | None = None, after_s: float = 0.0,
) -> Answer:  # fmt: skip
    """Return what answers with this; 304 to who has the ``etag`` already."""
    content = body if isinstance(body, bytes) else body.encode()

    async def answer(request: Request, writer: Writer) -> None:
        await asyncio.sleep(after_s)
        lines = [f"Content-Type: {kind}", *headers, *([f"ETag: {etag}"] if etag else [])]
        if etag and request.headers.get("if-none-match") == etag:
            return _send(writer, "304 Not Modified", lines, b"")
        return _send(writer, status, lines, content)

    return answer


def redirect(url: str, status: str = "301 Moved Permanently") -> Answer:
    return page("", f"Location: {url}", status=status)


def packed(body: bytes) -> Answer:
    return page(body, "Content-Encoding: gzip")


async def hang(_: Request, writer: Writer) -> None:
    """Say nothing."""
    await asyncio.sleep(HOLD_S)


async def drip(request: Request, writer: Writer) -> None:
    """Send a byte now and then, for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>")
    for _ in range(int(HOLD_S * 10)):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.1)


async def endless(_: Request, writer: Writer) -> None:
    """Send a page without an end, as fast as it is taken."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><body>")
    end = time.monotonic() + HOLD_S
    while time.monotonic() < end:
        writer.write(b"<p>more and more and more</p>" * 500)
        await writer.drain()


async def garbage(_: Request, writer: Writer) -> None:
    """Answer with something that is no HTTP."""
    writer.write(b"\x00\x01\x02 hello \xff\xfe\r\n\r\n")
    await writer.drain()


async def broken_off(_: Request, writer: Writer) -> None:
    """Announce more than is sent."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5000\r\n\r\n<html>")
    await writer.drain()


def bomb(megabytes: int = 100) -> bytes:
    """Return a few kilobytes that unpack to this much."""
    return gzip.compress(b" " * (megabytes * 1024 * 1024), 9)


@dataclass(slots=True)
class LocalWeb:
    """``sites``: host -> path -> answer. A path that is not there is answered with 404."""

    port: int = 0
    sites: dict[str, dict[str, Answer]] = field(default_factory=dict)
    log: list[Request] = field(default_factory=list)
    most_together: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _open: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, host: str, paths: dict[str, Answer]) -> str:
        """Put a site on the web; return the address of its home page."""
        self.sites[host] = paths
        return self.url(host)

    def url(self, host: str, path: str = "/") -> str:
        return f"http://{host}:{self.port}{path}"

    def paths(self, host: str) -> list[str]:
        """Return what was asked of a host, in order."""
        return [request.path for request in self.log if request.host == host]

    def rushed(self, gap_s: float = 1.0) -> list[str]:
        """Return where two requests of one host came sooner after each other than that."""
        moments: dict[str, list[float]] = defaultdict(list)
        for request in self.log:
            moments[request.host].append(request.at)
        return [
            f"{host}: {after - before:.3f} s"
            for host, found in moments.items()
            for before, after in pairwise(sorted(found))
            if after - before < gap_s
        ]

    async def serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError, ValueError):
            while request := await self._read(reader):
                self._open[request.host] += 1
                try:
                    answer = self.sites.get(request.host, {}).get(request.path, page(status="404 Not Found"))
                    await answer(request, writer)
                    await writer.drain()
                finally:
                    self._open[request.host] -= 1
                if answer in (drip, endless, garbage, broken_off, hang):
                    break
        with suppress(OSError):
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Request | None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:]) if name}
        host = headers.get("host", "").partition(":")[0]
        together = self._open[host] + 1
        self.most_together[host] = max(self.most_together[host], together)
        request = Request(host, head[0].split(" ")[1], headers, time.monotonic(), together)
        self.log.append(request)
        return request


@contextmanager
def local_web() -> Iterator[LocalWeb]:
    """Serve until the block ends."""
    made, ready = LocalWeb(), threading.Event()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        server = await asyncio.start_server(made.serve, "0.0.0.0", 0, backlog=1000)
        made.port = server.sockets[0].getsockname()[1]
        ready.set()
        async with server:
            await server.serve_forever()

    def work() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    task = loop.create_task(run())
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    ready.wait(10)
    yield made
    loop.call_soon_threadsafe(lambda: [one.cancel() for one in asyncio.all_tasks(loop)])
    thread.join(10)
    loop.close()


def _send(writer: Writer, status: str, lines: list[str], content: bytes) -> None:
    head = "\r\n".join([f"HTTP/1.1 {status}", *lines, f"Content-Length: {len(content)}", "", ""])
    writer.write(head.encode() + content)
