import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest

import web
from tests import tiny_app


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    """Where the tiny application is served in a thread of this process."""
    up = threading.Event()
    made = web.build(tiny_app.application, up.set)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=made.run, kwargs={"sockets": [listener]})
    thread.start()
    assert up.wait(5)
    yield listener.getsockname()
    made.should_exit = True
    thread.join(5)
    assert not thread.is_alive()


def send(address: tuple[str, int], *parts: bytes) -> bytes:
    """Send bytes, read until the server closes."""
    answer = b""
    with socket.create_connection(address, timeout=5) as raw:
        try:
            for part in parts:
                raw.sendall(part)
            while data := raw.recv(65536):
                answer += data
        except ConnectionError:
            pass  # closed while we were still sending
    return answer


def error(answer: bytes, status: int) -> dict[str, Any]:
    """Return the error of an answer, after checking that it is one whole answer of our shape."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    assert lines[0].startswith(f"HTTP/1.1 {status} ")
    assert headers["content-type"] == "application/json"
    assert headers["connection"] == "close"
    assert int(headers["content-length"]) == len(body)
    found: dict[str, Any] = orjson.loads(body)["error"]
    assert headers["x-request-id"] == found["request_id"]
    assert "server" not in headers
    return found


class TestProtocol:
    @pytest.mark.parametrize(
        "garbage",
        [b"\x00\x01\x02\x03\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
         b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
         b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
         b"\x16\x03\x01\x02\x00\x01\x00"],
    )  # fmt: skip
    def test_what_is_not_http(self, address: tuple[str, int], garbage: bytes) -> None:
        assert error(send(address, garbage), 400)["code"] == "invalid_request"

    @pytest.mark.parametrize(
        "parts",
        [[b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"],
         [b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n"],
         [b"GET / HTTP/1.1\r\n", *[b"X: a\r\n" * 1000] * 40],
         [b"GET / HTTP/1.1\r\nX: ", *[b"a" * 8192] * 40]],
    )  # fmt: skip
    def test_a_head_too_large(self, address: tuple[str, int], parts: list[bytes]) -> None:
        answer = send(address, *parts)
        if answer:  # a client that is still sending may see only the closed connection
            assert error(answer, 431)["code"] == "payload_too_large"

    def test_a_large_head_is_fine(self, address: tuple[str, int]) -> None:
        request = b"GET / HTTP/1.1\r\nConnection: close\r\nX: " + b"a" * 60_000 + b"\r\n\r\n"
        assert send(address, request).startswith(b"HTTP/1.1 200 ")

    def test_a_head_too_slow(self, address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(web.Protocol, "head_seconds", 0.2)
        began = time.monotonic()
        assert "0.2 seconds" in error(send(address, b"GET / HTTP/1.1\r\nHost:"), 408)["message"]
        assert 0.1 < time.monotonic() - began < 2

    def test_a_silent_client_is_hung_up_on(self, address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(web.Protocol, "head_seconds", 0.2)
        assert send(address) == b""

    def test_a_slow_answer_is_not_a_slow_head(self, address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(web.Protocol, "head_seconds", 0.2)
        with httpx.Client(base_url=f"http://{address[0]}:{address[1]}", trust_env=False) as client:
            for _ in range(2):
                assert client.get("/0.5").status_code == 200
            time.sleep(0.4)  # idle between requests, the connection is kept
            assert client.get("/").status_code == 200

    def test_nothing_is_said_into_another_answer(self, address: tuple[str, int]) -> None:
        answer = send(address, b"GET /0.5 HTTP/1.1\r\n\r\n\x00\x00\x00")
        assert b"HTTP/1.1 400" not in answer


class TestOverload:
    def test_one_too_many(self) -> None:
        async def story() -> list[dict[str, Any]]:
            release = asyncio.Event()
            sent: list[dict[str, Any]] = []

            async def application(*_: Any) -> None:
                await release.wait()

            async def receive() -> dict[str, Any]:
                return {}

            async def send(message: dict[str, Any]) -> None:
                sent.append(message)

            guarded = web.Overload(application, 2)
            first = [asyncio.create_task(guarded({"type": "http"}, receive, send)) for _ in range(2)]
            await asyncio.sleep(0)
            await guarded({"type": "http"}, receive, send)
            release.set()
            await asyncio.gather(*first)
            refused = len(sent)
            await guarded({"type": "http"}, receive, send)
            assert len(sent) == refused
            return sent

        start, body = asyncio.run(story())
        assert start["status"] == 503
        assert (b"retry-after", b"1") in start["headers"]
        assert orjson.loads(body["body"])["error"]["code"] == "unavailable"
