"""What the parts of the edge tell each other about one request."""

from dataclasses import dataclass, field
from typing import Any

from starlette.types import Scope

from core.errors import MapTargeterError
from handlers.contract import Operation
from handlers.proxies import Client

KEY = "maptargeter.exchange"


@dataclass(slots=True)
class Exchange:
    """One request and what is already known of its answer.

    ``head`` tells that only the headers are wanted. ``body`` is the whole body, or the error that reading it ended
    with, which is raised only after the key was counted. ``arguments`` are the validated arguments of the handler;
    ``headers`` go onto whatever is answered; ``status``, ``error_code`` and ``error_message`` are what was answered.
    ``account_id`` and ``key_id`` are whose valid key it came with.
    """

    request_id: str
    client: Client
    head: bool = False
    operation: Operation | None = None
    path_values: dict[str, str] = field(default_factory=dict)
    body: bytes | MapTargeterError = b""
    arguments: dict[str, Any] = field(default_factory=dict)
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    status: int | None = None
    error_code: str | None = None
    error_message: str | None = None
    account_id: str | None = None
    key_id: str | None = None

    @property
    def address(self) -> str:
        """What stands for the client where it is counted or written down."""
        return self.client.label


def of(scope: Scope) -> Exchange:
    """Return the exchange that the outermost part put into the ASGI scope."""
    exchange: Exchange = scope[KEY]
    return exchange


def header_values(scope: Scope, name: bytes) -> list[str]:
    """Return every value of one request header, trimmed, in order; ``name`` in lower case."""
    return [value.decode("latin-1").strip() for key, value in scope["headers"] if key == name]
