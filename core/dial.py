"""From a host name to a connected socket before a deadline: look up, connect, TLS.

A deadline is a moment on ``time.monotonic``; nothing here outlives it, however slowly the other side answers.
"""

import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from ipaddress import ip_address
from threading import BoundedSemaphore, Thread
from time import monotonic
from typing import Any

from core.addresses import Address, shown
from core.outbound import Kind, OutboundError, Tls

Resolver = Callable[[str], Sequence[str]]

# A lookup cannot be interrupted, only abandoned; this many may hang before new ones have to wait.
_LOOKUPS = BoundedSemaphore(256)
_UNKNOWN_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def system_resolver(host: str) -> list[str]:
    """Ask the system for the addresses of ``host``, in the order to try them."""
    return [str(answer[4][0]) for answer in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


def remaining(deadline: float, waiting_for: str = "the answer") -> float:
    """Return the seconds left; raise the timeout if there are none."""
    left = deadline - monotonic()
    if left <= 0:
        raise OutboundError("timeout", f"timed out waiting for {waiting_for}")
    return left


def resolve(host: str, resolver: Resolver, deadline: float) -> list[Address]:
    """Return every address of ``host``, at least one; raise OutboundError ``dns``."""
    future: Future[Sequence[str]] = Future()
    if not _LOOKUPS.acquire(timeout=remaining(deadline, "a name lookup")):
        raise OutboundError("dns", "too many name lookups hang")
    try:
        Thread(target=_look_up, args=(host, resolver, future), daemon=True, name="lookup").start()
    except RuntimeError as error:
        _LOOKUPS.release()
        raise OutboundError("dns", "no thread left for a name lookup") from error
    try:
        addresses = [ip_address(text) for text in future.result(timeout=deadline - monotonic())]
    except TimeoutError:
        raise OutboundError("dns", f"no answer in time about the name {shown(host)}") from None
    except (OSError, ValueError) as error:
        unknown = isinstance(error, socket.gaierror) and error.errno in _UNKNOWN_NAME
        raise OutboundError("dns", f"{shown(host)} does not resolve to an address", permanent=unknown) from error
    if not addresses:
        raise OutboundError("dns", f"{shown(host)} has no address", permanent=True)
    return addresses


def connect(addresses: Sequence[Address], port: int, deadline: float) -> tuple[socket.socket, Address]:
    """Connect to the first address that answers; each gets its share of the time. Raise OutboundError."""
    failure = OutboundError("connect", "no address to connect to")
    for position, address in enumerate(addresses):
        share = remaining(deadline, "a connection") / (len(addresses) - position)
        try:
            return _connect_one(address, port, share), address
        except TimeoutError:
            failure = OutboundError("timeout", f"{address} port {port} did not accept a connection in time")
        except OSError as error:
            kind: Kind = "reset" if isinstance(error, ConnectionResetError) else "connect"
            failure = OutboundError(kind, f"{address} port {port}: {error.strerror or error}")
    raise failure


def start_tls(sock: socket.socket, context: ssl.SSLContext, host: str, deadline: float) -> ssl.SSLSocket:
    """Make the handshake and check that the certificate is for ``host``; close the socket if that fails."""
    try:
        sock.settimeout(remaining(deadline, "the TLS handshake"))
        return context.wrap_socket(sock, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        raise OutboundError("tls", f"certificate refused: {error.verify_message}", permanent=True) from error
    except TimeoutError as error:
        raise OutboundError("timeout", "timed out in the TLS handshake") from error
    except ConnectionResetError as error:
        raise OutboundError("reset", "the connection broke in the TLS handshake") from error
    except (OSError, ValueError) as error:
        raise OutboundError("tls", f"TLS failed: {getattr(error, 'reason', None) or error}") from error
    finally:
        sock.close()  # without effect once wrapped: the descriptor has moved


def tls_facts(sock: socket.socket) -> Tls | None:
    """Return what TLS agreed on, None without TLS."""
    if not isinstance(sock, ssl.SSLSocket):
        return None
    cipher, certificate = sock.cipher(), sock.getpeercert() or {}
    subject: Any = certificate.get("subject", ())
    names = [value for part in subject for name, value in part if name == "commonName"]
    expires = str(certificate.get("notAfter", ""))
    return Tls(sock.version() or "", cipher[0] if cipher else "", expires, str(names[0]) if names else "")


def _look_up(host: str, resolver: Resolver, future: Future[Sequence[str]]) -> None:
    try:
        future.set_result(resolver(host))
    except Exception as error:
        future.set_exception(error)
    finally:
        _LOOKUPS.release()


def _connect_one(address: Address, port: int, timeout: float) -> socket.socket:
    sock = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        sock.connect((str(address), port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock
