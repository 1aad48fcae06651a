"""One hop: everything behind this part runs in one worker thread, in one go, with one database connection.

The stock bridge to WSGI goes back to the event loop for each message of an answer, and security functions run inside
the loop, where a slow database stops every other request. Behind this part nothing ever waits for the loop: the body
has been read, answers are collected, so the coroutines can simply be run to their end.

A long answer is not collected. It arrives as one message of type ``STREAM`` with an iterator of its chunks; a thread is
taken only while a chunk is made, never while a slow client reads it.
"""

import asyncio
import contextvars
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import MapTargeterError
from handlers import exchange
from handlers.edge import read_body

STREAM = "maptargeter.stream"
Connection = Callable[[], AbstractContextManager[None]]


class Chunks(Protocol):
    """Bytes to come, and what they hold open."""

    def __iter__(self) -> Iterator[bytes]: ...
    def close(self) -> None: ...


class Threads:
    """Reads the body, then runs the rest in a thread; operations of the contract hold a connection meanwhile."""

    def __init__(self, app: ASGIApp, *, connection: Connection, workers: int) -> None:
        self.app = app
        self._connection = connection
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="request")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        about = exchange.of(scope)
        if about.operation is None or about.operation.body is not None:
            about.body = await read_body(scope, receive)
        loop, context = asyncio.get_running_loop(), contextvars.copy_context()
        for message in await loop.run_in_executor(self._pool, context.run, self._run, scope):
            if message["type"] == STREAM and about.head:
                message["chunks"].close()
                await send({"type": "http.response.body", "body": b""})
            elif message["type"] == STREAM:
                await _stream(self._pool, message["chunks"], receive, send)
            else:
                await send(message)

    def _run(self, scope: Scope) -> list[Message]:
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        about = exchange.of(scope)
        if about.operation is None and isinstance(about.body, MapTargeterError):
            raise about.body
        with self._connection() if about.operation else nullcontext():
            run_to_end(self.app, scope, collect)
        return messages


def run_to_end(app: ASGIApp, scope: Scope, send: Send) -> None:
    """Run an application that never waits; raise RuntimeError if it does."""
    run = app(scope, _nothing_more, send).__await__()
    for _ in run:
        run.close()
        raise RuntimeError("a part of the edge waited for the event loop inside a worker thread")


async def _nothing_more() -> Message:
    return {"type": "http.disconnect"}


async def _stream(pool: Executor, chunks: Chunks, receive: Receive, send: Send) -> None:
    """Send chunk after chunk; stop making them once the client has gone."""
    loop = asyncio.get_running_loop()
    gone = asyncio.ensure_future(_gone(receive))
    with closing(chunks):
        iterator = iter(chunks)
        while not gone.done() and (chunk := await loop.run_in_executor(pool, next, iterator, None)) is not None:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    gone.cancel()
    await send({"type": "http.response.body", "body": b""})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
