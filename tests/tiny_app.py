"""The smallest application that ``server.serve`` can run, and a program that serves it and prints where."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import server

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


def create_app() -> Callable[..., Awaitable[None]]:
    return application


def create_nothing() -> None:
    raise ValueError("this application cannot be made")


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Answer with the process id; ``/3`` takes three seconds."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    await asyncio.sleep(float(scope["path"][1:] or 0))
    body = str(os.getpid()).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _live(receive: Receive, send: Send) -> None:
    for phase in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{phase}.complete"})


def main(factory: str, workers: str, jobs: str) -> int:
    return server.serve(
        "127.0.0.1", int(os.environ.get("PORT", "0")), int(workers), jobs == "jobs",
        target=f"tests.tiny_app:{factory}", on_ready=lambda url: print(url, flush=True),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
