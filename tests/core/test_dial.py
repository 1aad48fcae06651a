import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address

import pytest
import trustme

from core import dial
from core.outbound import OutboundError
from tests.core.receivers import polite, receiver


def soon(seconds: float = 1.0) -> float:
    return time.monotonic() + seconds


def failure(attempt: Callable[[], object]) -> OutboundError:
    with pytest.raises(OutboundError) as caught:
        attempt()
    return caught.value


def test_the_system_resolves_literal_addresses() -> None:
    assert dial.system_resolver("127.0.0.1") == ["127.0.0.1"]
    assert set(dial.system_resolver("localhost")) <= {"127.0.0.1", "::1"}


def test_all_answers_are_returned_in_order() -> None:
    answers = ["2606:4700::1", "1.1.1.1", "::ffff:8.8.8.8"]
    assert dial.resolve("x.test", lambda _: answers, soon()) == [ip_address(one) for one in answers]


@pytest.mark.parametrize(
    ("error", "permanent"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), True),
        (socket.gaierror(socket.EAI_AGAIN, "try again"), False),
        (OSError("network down"), False),
        (UnicodeError("label too long"), False),
    ],
)
def test_failing_lookups(error: Exception, permanent: bool) -> None:
    def fail(_: str) -> Sequence[str]:
        raise error

    seen = failure(lambda: dial.resolve("x.test", fail, soon()))
    assert (seen.kind, seen.permanent) == ("dns", permanent)


def test_a_name_without_addresses_is_an_error() -> None:
    assert failure(lambda: dial.resolve("x.test", lambda _: [], soon())).kind == "dns"


def test_a_hanging_lookup_is_abandoned() -> None:
    release = threading.Event()

    def hang(_: str) -> Sequence[str]:
        release.wait(5)
        return []

    started = time.monotonic()
    seen = failure(lambda: dial.resolve("x.test", hang, soon(0.2)))
    release.set()
    assert seen.kind == "dns"
    assert time.monotonic() - started < 1.5


def test_connects_to_the_first_address_that_answers() -> None:
    with receiver(polite, host="127.0.0.7") as server:
        closed, open_ = ip_address("127.0.0.8"), ip_address("127.0.0.7")
        sock, address = dial.connect([closed, open_], server.port, soon())
        with sock:
            assert address == open_
            assert sock.getpeername() == ("127.0.0.7", server.port)


def test_a_closed_port_refuses() -> None:
    with receiver(polite) as server:
        pass
    seen = failure(lambda: dial.connect([ip_address("127.0.0.1")], server.port, soon()))
    assert seen.kind == "connect"
    assert "Connection refused" in seen.message


def test_a_server_that_accepts_nobody_times_out_and_the_next_one_gets_its_turn() -> None:
    with receiver(polite, host="127.0.0.7") as server, full_backlog("127.0.0.8", server.port):
        stuck, well = ip_address("127.0.0.8"), ip_address("127.0.0.7")
        assert failure(lambda: dial.connect([stuck], server.port, soon(0.2))).kind == "timeout"
        sock, address = dial.connect([stuck, well], server.port, soon(0.4))
        with sock:
            assert address == well


def test_no_time_left_is_a_timeout() -> None:
    past = time.monotonic() - 1
    assert failure(lambda: dial.resolve("x.test", lambda _: ["1.1.1.1"], past)).kind == "timeout"
    assert failure(lambda: dial.connect([ip_address("127.0.0.1")], 9, past)).kind == "timeout"


def test_tls_facts_name_version_cipher_and_expiry() -> None:
    authority = trustme.CA()
    client = ssl.create_default_context()
    authority.configure_trust(client)
    with receiver(polite, tls=serving(authority, "hook.test")) as server:
        sock, _ = dial.connect([ip_address("127.0.0.1")], server.port, soon())
        with dial.start_tls(sock, client, "hook.test", soon()) as spoken:
            facts = dial.tls_facts(spoken)
    assert facts is not None
    assert facts.version == "TLSv1.3"
    assert facts.cipher.startswith("TLS_")
    assert facts.expires.endswith("GMT")


def test_without_tls_there_are_no_facts() -> None:
    with socket.socket() as sock:
        assert dial.tls_facts(sock) is None


def serving(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


@contextmanager
def full_backlog(host: str, port: int) -> Iterator[None]:
    """Listen, accept nobody, and let the kernel's queue be full, so that connecting hangs."""
    with ExitStack() as stack:
        stack.enter_context(socket.create_server((host, port), backlog=0))
        for _ in range(3):
            early = stack.enter_context(socket.socket())
            early.setblocking(False)
            early.connect_ex((host, port))
        yield
