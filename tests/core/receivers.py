"""Servers on loopback for tests of outbound requests: well-behaved, slow, broken and hostile ones."""

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Behaviour = Callable[["Peer"], None]


@dataclass
class Peer:
    """One accepted connection, seen from the server."""

    sock: socket.socket
    stop: threading.Event
    requests: list[bytes]

    def read(self) -> bytes:
        """Return the next whole request and note it; b"" when the client has gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.sock.recv(65536)
            if not more:
                return b""
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        while len(body) < _content_length(head):
            body += self.sock.recv(65536)
        self.requests.append(head + b"\r\n\r\n" + body)
        return self.requests[-1]

    def answer(self, body: bytes = b"ok", status: str = "200 OK", *headers: str) -> None:
        lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
        self.sock.sendall("\r\n".join(lines).encode() + body)

    def slowly(self, pause: float = 0.02) -> Iterator[None]:
        """Come back every ``pause`` seconds, for at most three seconds."""
        end = time.monotonic() + 3
        while time.monotonic() < end and not self.stop.wait(pause):
            yield

    def reset(self) -> None:
        """Break the connection the hard way."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


@dataclass
class Receiver:
    """A listening server; ``requests`` are what came in, ``connections`` how often somebody connected."""

    host: str
    port: int
    scheme: str
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}/hook"

    def named(self, name: str) -> str:
        """The same server under a name."""
        return f"{self.scheme}://{name}:{self.port}/hook"


def polite(peer: Peer) -> None:
    """Answer every request of a kept connection."""
    while peer.read():
        peer.answer()


@contextlib.contextmanager
def receiver(
    behave: Behaviour, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
) -> Iterator[Receiver]:
    """Serve ``behave`` to each connection until the block ends."""
    stop, workers, spoken_to = threading.Event(), [], []
    with socket.create_server((host, port)) as listener:
        listener.settimeout(0.2)  # for systems where shutting down does not wake who accepts
        made = Receiver(host, listener.getsockname()[1], "https" if tls else "http")

        def work(sock: socket.socket) -> None:
            with contextlib.suppress(OSError), sock:
                sock.settimeout(3)
                with tls.wrap_socket(sock, server_side=True) if tls else sock as spoken:
                    spoken_to.append(spoken)
                    behave(Peer(spoken, stop, made.requests))

        def accept() -> None:
            while not stop.is_set():
                with contextlib.suppress(OSError):
                    sock, _ = listener.accept()
                    made.connections += 1
                    workers.append(threading.Thread(target=work, args=(sock,), daemon=True))
                    workers[-1].start()

        acceptor = threading.Thread(target=accept, daemon=True)
        acceptor.start()
        try:
            yield made
        finally:
            stop.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            acceptor.join(4)
            for sock in spoken_to:  # who waits for another request need not
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            for thread in workers:
                thread.join(4)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
