"""What an outbound request comes back with: an answer, or an error that says what matters to callers."""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urljoin

from core.addresses import Address

Kind = Literal["dns", "refused_address", "connect", "tls", "timeout", "reset", "protocol", "too_large", "redirects"]

_REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds of one request; ``None`` for a step not reached or, on a kept connection, not needed.

    ``first_byte_ms`` runs from the request being sent to the first byte of the answer. After redirects
    the parts are those of the last hop, and ``total_ms`` is all of it.
    """

    resolve_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    first_byte_ms: float | None = None
    total_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Tls:
    """What TLS agreed on; ``expires`` is the end of the certificate as OpenSSL writes it, ``subject`` whose it is."""

    version: str
    cipher: str
    expires: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a request got to: the last URL, the address connected to, TLS, the status if one came, times."""

    url: str = ""
    address: Address | None = None
    tls: Tls | None = None
    status: int | None = None
    timing: Timing = field(default_factory=Timing)


@dataclass(eq=False)
class OutboundError(Exception):
    """A request that got no complete answer. ``trace`` says how far it came.

    kind: ``dns`` (no such name, or no answer), ``refused_address`` (not an URL we may reach), ``connect``,
    ``tls``, ``timeout``, ``reset`` (the connection broke), ``protocol`` (not HTTP), ``too_large`` (headers),
    ``redirects`` (too many). ``permanent``: the same request fails again until somebody changes something.
    """

    kind: Kind
    message: str
    permanent: bool = False
    trace: Trace = field(default_factory=Trace)

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. ``headers`` have lower-case names, repeated ones joined with commas.

    ``body`` is at most ``max_bytes``, already unpacked if it came as gzip or deflate; ``truncated`` says
    that there was more, or that unpacking broke off.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    truncated: bool
    final_url: str
    address: Address
    tls: Tls | None
    timing: Timing

    @property
    def location(self) -> str | None:
        """The absolute URL this redirects to, unchecked; None if it is no redirect."""
        place = self.headers.get("location") if self.status in _REDIRECTS else None
        return None if place is None else _joined(self.final_url, place)


def _joined(base: str, location: str) -> str:
    """Return the absolute URL; blanks are encoded, as browsers do, since servers send them."""
    try:
        return urljoin(base, location.strip(" ").replace(" ", "%20"))
    except ValueError:
        return location  # refused when checked
