"""One HTTP/1.1 connection from the client's side: a request goes out, an answer comes in, and it may be used again.

llhttp, the parser of Node.js, reads the answer (through httptools), strictly. What it leaves to its users is decided
here: interim answers are skipped, an answer without a length ends with the connection (RFC 9112 §6.3), and a connection
with anything unasked for on it is not used again.
"""

import select
import socket
from collections.abc import Iterator, Sequence
from time import monotonic

import httptools

from core.dial import remaining
from core.outbound import OutboundError

HEAD_LIMIT = 100 * 1024
_READ = 65_536
_WITHOUT_BODY = {204, 304}
_ENDING = frozenset("\r\n\0")


class Wire:
    """A connected socket. ``idle_s`` is how long it may be kept without being used."""

    def __init__(self, sock: socket.socket, idle_s: float) -> None:
        self._sock, self._idle_s = sock, idle_s
        self._kept_since = monotonic()
        self.reusable = True
        self.answered = False
        self.first_byte_ms: float | None = None

    def send(self, line: str, headers: Sequence[tuple[str, str]], content: bytes, deadline: float) -> None:
        """Send a request, headers and body in one packet; raise ValueError for a header that would end early."""
        lines = [line + " HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        if not _ENDING.isdisjoint("".join(lines)):
            raise ValueError("a header with a line break")
        self.reusable = self.answered = False
        self.first_byte_ms = None
        view = memoryview("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        try:
            while view:
                self._sock.settimeout(remaining(deadline, "the request to be taken"))
                view = view[self._sock.send(view) :]
        except TimeoutError as error:
            raise OutboundError("timeout", "timed out sending the request") from error
        except OSError:  # who refuses a request early may have answered it already
            pass
        self._sent_at = monotonic()

    def receive(self, method: str, deadline: float) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Return status and headers of the answer; raise OutboundError."""
        self._method, self._deadline = method, deadline
        self._answer = _Answer()
        seen = 0
        while not self._answer.has_head:
            data, interim = self._read(), self._answer.interim
            seen += len(data)
            if not data:
                raise OutboundError("reset", "the server closed the connection before the answer was complete")
            self._feed(data)
            if self._answer.interim > interim:
                seen = 0
            if seen > HEAD_LIMIT and not self._answer.has_head:
                raise OutboundError("too_large", "the headers of the answer are too large")
        return self._answer.status, self._answer.headers

    def body(self) -> Iterator[bytes]:
        """Give the body as it comes; the connection can be used again if all of it was read."""
        answer = self._answer
        if self._method == "HEAD" or answer.status in _WITHOUT_BODY:
            self.reusable = answer.is_over and answer.keeps_open and not answer.unasked and self._method != "HEAD"
            self._kept_since = monotonic()
            return
        while True:
            yield from answer.take()
            if answer.is_over:
                break
            data = self._read()
            if not data:
                if answer.has_length:
                    raise OutboundError("reset", "the server closed the connection before the answer was complete")
                return
            self._feed(data)
        self.reusable = answer.keeps_open and not answer.unasked
        self._kept_since = monotonic()

    def has_expired(self) -> bool:
        """Tell whether it is too old to be used, or the server has closed it or spoken unasked."""
        if monotonic() - self._kept_since > self._idle_s:
            return True
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        self._sock.close()

    def _read(self) -> bytes:
        try:
            self._sock.settimeout(remaining(self._deadline))
            data = self._sock.recv(_READ)
        except TimeoutError as error:
            raise OutboundError("timeout", "timed out waiting for the answer") from error
        except OSError as error:
            raise OutboundError("reset", f"the connection broke: {error.strerror or error}") from error
        if data and not self.answered:
            self.answered, self.first_byte_ms = True, round((monotonic() - self._sent_at) * 1000, 3)
        return data

    def _feed(self, data: bytes) -> None:
        try:
            self._answer.parser.feed_data(data)
        except httptools.HttpParserUpgrade as error:
            raise OutboundError("protocol", "not a valid HTTP answer: it changes the protocol") from error
        except httptools.HttpParserError as error:
            if not self._answer.is_over:
                raise OutboundError("protocol", f"not a valid HTTP answer: {error}") from error
            self._answer.unasked = True


class _Answer:
    """What the parser tells of. An interim answer (1xx) is forgotten when the next one begins."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.interim = 0
        self.unasked = False
        self._begin()

    def _begin(self) -> None:
        self.status, self.headers = 0, list[tuple[bytes, bytes]]()
        self.has_head = self.is_over = self.keeps_open = False
        self._chunks: list[bytes] = []

    @property
    def has_length(self) -> bool:
        names = {name.lower() for name, _ in self.headers}
        return bool(names & {b"content-length", b"transfer-encoding"})

    def take(self) -> list[bytes]:
        """Return the parts of the body that came since the last call."""
        taken, self._chunks = self._chunks, []
        return taken

    def on_message_begin(self) -> None:
        if self.has_head:  # of a final answer
            self.unasked = True
        else:
            self._begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.has_head:  # and not a trailer
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        if not self.unasked and (status >= 200 or status == 101):
            self.status, self.has_head, self.keeps_open = status, True, self.parser.should_keep_alive()

    def on_body(self, data: bytes) -> None:
        if not self.unasked:
            self._chunks.append(data)

    def on_message_complete(self) -> None:
        if self.has_head:
            self.is_over = True
        else:
            self.interim += 1
