import gzip
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache, partial
from ipaddress import ip_address, ip_network

import pytest
import trustme

from core import http
from core.errors import ForbiddenAddress
from tests.core.receivers import Behaviour, Peer, polite, receiver

ALLOW = [ip_network("127.0.0.0/8")]
BODY = b'{"type":"scan.completed"}'


@pytest.fixture
def client() -> Iterator[http.Client]:
    with http.Client(ALLOW, "Tester/1.0 (+https://example.com/)") as made:
        yield made


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def fails(attempt: Callable[[], object]) -> http.OutboundError:
    with pytest.raises(http.OutboundError) as caught:
        attempt()
    return caught.value


def resolving(**names: Sequence[str]) -> Callable[[str], Sequence[str]]:
    return lambda name: names[name.partition(".")[0]]


def clock() -> Callable[[], float]:
    started = time.monotonic()
    return lambda: time.monotonic() - started


# What is sent and what comes back


def test_a_request_and_its_answer(client: http.Client) -> None:
    def behave(peer: Peer) -> None:
        peer.read()
        peer.answer(b"thanks", "202 Accepted", "X-One: 1", "Set-Cookie: a=1", "set-cookie: b=2", "X-Name: Käärijä")

    with receiver(behave) as server:
        response = client.send("POST", server.url, {"Webhook-Id": "evt_1", "Host": "evil"}, BODY, max_bytes=100)

    assert (response.status, response.body, response.truncated) == (202, b"thanks", False)
    assert response.headers["x-one"] == "1"
    assert response.headers["set-cookie"] == "a=1, b=2"
    assert response.headers["x-name"] == "Käärijä"
    assert (response.final_url, response.address, response.tls) == (server.url, ip_address("127.0.0.1"), None)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == "post /hook http/1.1"
    assert lines[1] == f"host: 127.0.0.1:{server.port}"
    assert "user-agent: tester/1.0 (+https://example.com/)" in lines
    assert "webhook-id: evt_1" in lines
    assert f"content-length: {len(BODY)}" in lines
    assert len([line for line in lines if line.startswith("host:")]) == 1
    assert body == BODY


def test_the_caller_may_replace_the_defaults_but_not_the_framing(client: http.Client) -> None:
    given = {"User-Agent": "Mine", "ACCEPT": "text/html", "Transfer-Encoding": "chunked", "Content-Length": "1"}
    with receiver(polite) as server:
        client.send("POST", server.url, given, b"abc", max_bytes=10)
    lines = server.requests[0].decode().lower().split("\r\n")
    assert [line for line in lines if line.startswith(("user-agent", "accept:"))] == [
        "accept: text/html",
        "user-agent: mine",
    ]
    assert "content-length: 3" in lines
    assert not [line for line in lines if line.startswith("transfer-encoding")]


@pytest.mark.parametrize("bad", ["a\r\nX-Evil: 1", "a\nb", "\x00"])
def test_a_header_cannot_smuggle_another(client: http.Client, bad: str) -> None:
    with receiver(polite) as server:
        error = fails(lambda: client.send("POST", server.url, {"X-Custom": bad}, max_bytes=10))
    assert (error.kind, error.permanent) == ("protocol", True)
    assert server.requests == []


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "302 Found", "404 Not Found", "410 Gone", "500 Oops"])
def test_every_status_is_an_answer(client: http.Client, status: str) -> None:
    def behave(peer: Peer) -> None:
        peer.read()
        peer.answer(b"", status, "Location: /elsewhere")

    with receiver(behave) as server:
        response = client.send("POST", server.url, max_bytes=10)
        assert response.status == int(status[:3])
        assert response.location == (f"http://127.0.0.1:{server.port}/elsewhere" if status[0] == "3" else None)
    assert len(server.requests) == 1


def test_packed_bodies_are_unpacked(client: http.Client) -> None:
    def behave(peer: Peer) -> None:
        peer.read()
        peer.answer(gzip.compress(b"hello " * 100), "200 OK", "Content-Encoding: gzip")

    with receiver(behave) as server:
        assert client.send("GET", server.url, max_bytes=1000).body == b"hello " * 100
        small = client.send("GET", server.url, max_bytes=5)
    assert (small.body, small.truncated) == (b"hello", True)


def test_timing_has_every_part(client: http.Client) -> None:
    def behave(peer: Peer) -> None:
        peer.read()
        time.sleep(0.05)
        peer.answer()

    with receiver(behave) as server:
        timing = client.send("POST", server.url, max_bytes=10).timing
    parts = (timing.resolve_ms, timing.connect_ms, timing.first_byte_ms)
    assert all(part is not None and part >= 0 for part in parts)
    assert timing.tls_ms is None
    waited = timing.first_byte_ms or 0  # from when sending returned: by then the receiver may have begun to wait
    assert timing.total_ms / 2 < waited <= timing.total_ms
    assert timing.total_ms >= 50


def test_nothing_comes_from_the_environment(client: http.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    with receiver(polite) as server:
        assert client.send("GET", server.url, max_bytes=10).status == 200


# Where a request may go


def test_the_checked_address_is_the_one_connected_to() -> None:
    with receiver(polite, host="127.0.0.5") as server, http.Client(ALLOW, resolver=resolving(hook=["127.0.0.5"])) as it:
        response = it.send("GET", server.named("hook.test"), max_bytes=10)
    assert response.address == ip_address("127.0.0.5")
    assert f"\r\nhost: hook.test:{server.port}\r\n" in server.requests[0].decode()


def test_a_name_that_answers_twice_differently_is_asked_once_per_request() -> None:
    """The first answer may be reached, the second may not: a check of one and a use of the other would show."""
    answers = itertools.cycle([["127.0.0.5"], ["127.0.0.1"]])
    asked = []

    def rebinding(name: str) -> Sequence[str]:
        asked.append(name)
        return next(answers)

    allow = [ip_network("127.0.0.5/32")]
    with receiver(polite, host="127.0.0.5") as outer, http.Client(allow, resolver=rebinding) as it:
        url = outer.named("rebind.test")
        for _ in range(3):
            assert it.send("GET", url, max_bytes=10).address == ip_address("127.0.0.5")
            error = fails(lambda: it.send("GET", url, max_bytes=10))  # though a checked connection is open
            assert (error.kind, error.permanent, error.trace.address) == ("refused_address", True, None)
    assert asked == ["rebind.test"] * 6
    assert len(outer.requests) == 3


@pytest.mark.parametrize("answer", [["127.0.0.5", "127.0.0.1"], ["127.0.0.1", "127.0.0.5"], ["127.0.0.5", "10.0.0.1"]])
def test_one_bad_answer_spoils_all(answer: list[str]) -> None:
    with (
        receiver(polite, host="127.0.0.5") as server,
        http.Client([ip_network("127.0.0.5/32")], resolver=resolving(mixed=answer)) as it,
    ):
        error = fails(lambda: it.send("GET", server.named("mixed.test"), max_bytes=10))
    assert error.kind == "refused_address"
    assert server.connections == 0


def test_without_opened_networks_loopback_is_never_reached() -> None:
    with receiver(polite) as server, http.Client(resolver=resolving(hook=["127.0.0.1"])) as it:
        for url in (server.url, server.named("hook.test"), server.named("localhost"), server.named("[::ffff:7f00:1]")):
            assert fails(partial(it.send, "GET", url, max_bytes=10, plain_http=True)).kind == "refused_address"
    assert server.connections == 0


def test_the_next_address_is_tried_when_one_is_closed() -> None:
    with (
        receiver(polite, host="127.0.0.5") as server,
        http.Client(ALLOW, resolver=resolving(two=["127.0.0.6", "127.0.0.5"])) as it,
    ):
        assert it.send("GET", server.named("two.test"), max_bytes=10).address == ip_address("127.0.0.5")


def test_resolve_and_check_for_new_endpoints() -> None:
    names = resolving(good=["93.184.216.34", "2606:4700::1"], bad=["10.0.0.1"], none=[])
    with http.Client(resolver=names) as it:
        assert it.resolve_and_check("https://good.test/hook") == [
            ip_address("93.184.216.34"),
            ip_address("2606:4700::1"),
        ]
        assert it.resolve_and_check("https://1.1.1.1/") == [ip_address("1.1.1.1")]
        with pytest.raises(ForbiddenAddress, match="private address"):
            it.resolve_and_check("https://bad.test/hook")
        assert fails(lambda: it.resolve_and_check("https://none.test/hook")).kind == "dns"


# Redirects


def redirecting(*places: str, status: str = "302 Found") -> Behaviour:
    """Redirect to each place in turn, then answer."""
    left = list(places)

    def behave(peer: Peer) -> None:
        while peer.read():
            if left:
                peer.answer(b"", status, f"Location: {left.pop(0)}")
            else:
                peer.answer(b"arrived")

    return behave


def test_redirects_are_followed_only_when_asked(client: http.Client) -> None:
    with receiver(redirecting("/second")) as server:
        assert client.send("GET", server.url, max_bytes=10).status == 302
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_redirects_are_followed(client: http.Client, status: str) -> None:
    with receiver(redirecting("/second", "?third", "a b/ü", status=status)) as server:
        response = client.send("GET", server.url, max_bytes=10, redirects=3)
    assert response.body == b"arrived"
    assert response.final_url == f"http://127.0.0.1:{server.port}/a%20b/%C3%BC"
    assert [request.split()[1] for request in server.requests] == [
        b"/hook",
        b"/second",
        b"/second?third",
        b"/a%20b/%C3%BC",
    ]


def test_too_many_redirects(client: http.Client) -> None:
    with receiver(redirecting(*["/again"] * 10)) as server:
        error = fails(lambda: client.send("GET", server.url, max_bytes=10, redirects=3))
    assert (error.kind, error.permanent, error.trace.status) == ("redirects", True, 302)
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1:{port}/",
        "//127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://inner.test:{port}/",
        "http://2130706433:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://user@127.0.0.5:{port}/",
        "http://127.0.0.5:{port}\\@127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:25/_HELO",
        "http://[",
    ],
)
def test_a_redirect_is_checked_like_the_first_url(place: str) -> None:
    names = resolving(inner=["127.0.0.1"], localhost=["127.0.0.1"])
    with (
        receiver(polite) as inner,
        receiver(redirecting(place.format(port=inner.port)), host="127.0.0.5") as outer,
        http.Client([ip_network("127.0.0.5/32")], resolver=names) as it,
    ):
        error = fails(lambda: it.send("GET", outer.url, max_bytes=10, redirects=5, plain_http=True))
    assert error.kind == "refused_address"
    assert (len(outer.requests), inner.connections) == (1, 0)


def test_credentials_stay_with_the_server_they_are_for(client: http.Client) -> None:
    given = {"Authorization": "Bearer x", "Cookie": "a=1", "X-Kept": "1"}
    with receiver(polite, host="127.0.0.6") as other, receiver(redirecting("/same", other.url)) as server:
        client.send("GET", server.url, given, max_bytes=10, redirects=2)
    assert b"authorization: Bearer x" in server.requests[1]
    assert b"authorization" not in other.requests[0]
    assert b"cookie" not in other.requests[0]
    assert b"x-kept: 1" in other.requests[0]


def test_a_body_is_never_redirected(client: http.Client) -> None:
    with pytest.raises(ValueError, match="redirects"):
        client.send("POST", "https://example.com/", max_bytes=10, redirects=1)


# Receivers that do not behave


def hang(peer: Peer) -> None:
    peer.read()
    peer.stop.wait(3)


def stay_silent(peer: Peer) -> None:
    peer.stop.wait(3)


def drip_headers(peer: Peer) -> None:
    peer.read()
    peer.sock.sendall(b"HTTP/1.1 200 OK\r\n")
    for _ in peer.slowly():
        peer.sock.sendall(b"X: y\r\n")


def drip_body(peer: Peer) -> None:
    peer.read()
    peer.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    for _ in peer.slowly():
        peer.sock.sendall(b".")


def drip_chunks(peer: Peer) -> None:
    peer.read()
    peer.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in peer.slowly():
        peer.sock.sendall(b"1\r\n.\r\n")


def interim_answers(peer: Peer) -> None:
    peer.read()
    for _ in peer.slowly(0):
        peer.sock.sendall(b"HTTP/1.1 102 Processing\r\n\r\n" * 100)


@pytest.mark.parametrize("behave", [hang, drip_headers, drip_body, drip_chunks, interim_answers])
def test_the_time_is_kept_however_slowly_bytes_come(client: http.Client, behave: Behaviour) -> None:
    with receiver(behave) as server:
        elapsed = clock()
        error = fails(lambda: client.send("POST", server.url, content=BODY, max_bytes=10**6, timeout=0.2))
        assert 0.15 < elapsed() < 1.5
    assert (error.kind, error.permanent) == ("timeout", False)
    assert error.trace.address == ip_address("127.0.0.1")
    assert error.trace.url == server.url
    assert error.trace.status == (200 if behave in (drip_body, drip_chunks) else None)
    assert error.trace.timing.total_ms >= 150


def test_a_receiver_that_reads_nothing_times_out(client: http.Client) -> None:
    with receiver(stay_silent) as server:
        elapsed = clock()
        error = fails(lambda: client.send("POST", server.url, content=bytes(30_000_000), max_bytes=1, timeout=0.2))
        assert elapsed() < 1.5
    assert error.kind == "timeout"


def test_redirects_share_one_time(client: http.Client) -> None:
    def behave(peer: Peer) -> None:
        while peer.read():
            time.sleep(0.1)
            peer.answer(b"", "302 Found", "Location: /again")

    with receiver(behave) as server:
        elapsed = clock()
        error = fails(lambda: client.send("GET", server.url, max_bytes=10, timeout=0.25, redirects=20))
        assert elapsed() < 1.5
    assert error.kind == "timeout"


def test_a_hundred_megabytes_are_cut_at_once(client: http.Client) -> None:
    def flood(peer: Peer) -> None:
        peer.read()
        peer.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        for _ in range(100):
            peer.sock.sendall(bytes(1_000_000))
            sent.append(1)

    sent: list[int] = []
    with receiver(flood) as server:
        elapsed = clock()
        response = client.send("POST", server.url, content=BODY, max_bytes=16_384)
        assert elapsed() < 2
    assert (response.status, len(response.body), response.truncated) == (200, 16_384, True)
    assert len(sent) < 20


def test_a_body_of_just_the_limit_is_whole(client: http.Client) -> None:
    def behave(peer: Peer) -> None:
        while peer.read():
            peer.answer(b"x" * 100)

    with receiver(behave) as server:
        assert not client.send("GET", server.url, max_bytes=100).truncated
        assert client.send("GET", server.url, max_bytes=99).truncated
        assert client.send("GET", server.url, max_bytes=0).body == b""
    assert server.connections == 2  # the first was kept, a cut one cannot be


def raw(answer: bytes, *, then: Callable[[Peer], None] | None = None) -> Behaviour:
    def behave(peer: Peer) -> None:
        peer.read()
        peer.sock.sendall(answer)
        if then:
            then(peer)

    return behave


@pytest.mark.parametrize(
    ("behave", "kind"),
    [
        (raw(b""), "reset"),
        (raw(b"", then=Peer.reset), "reset"),
        (lambda peer: peer.reset(), "reset"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-"), "reset"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), "reset"),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), "reset"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", then=Peer.reset), "reset"),
        (raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "protocol"),
        (raw(b"220 mail.example.com ESMTP\r\n\r\n"), "protocol"),
        (raw(b"\x15\x03\x01\x00\x02\x02\x0a" * 100 + b"\r\n\r\n"), "protocol"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), "protocol"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "protocol"),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "protocol"),
        (raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000), "too_large"),
        (raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000), "too_large"),
    ],
)
def test_broken_answers(client: http.Client, behave: Behaviour, kind: str) -> None:
    with receiver(behave) as server:
        error = fails(lambda: client.send("POST", server.url, content=BODY, max_bytes=1000, timeout=3))
    assert error.kind == kind
    assert not error.permanent
    assert server.connections == 1


def test_an_early_refusal_is_read_though_the_body_was_not_taken(client: http.Client) -> None:
    def refuse(peer: Peer) -> None:
        peer.sock.recv(1000)
        peer.answer(b"too much", "413 Content Too Large")
        peer.sock.shutdown(1)
        while peer.sock.recv(65536):
            pass

    with receiver(refuse) as server:
        assert client.send("POST", server.url, content=bytes(5_000_000), max_bytes=100).status == 413


def test_a_closed_port(client: http.Client) -> None:
    with receiver(polite) as server:
        pass
    error = fails(lambda: client.send("POST", server.url, max_bytes=1))
    assert (error.kind, error.permanent) == ("connect", False)


def test_an_unknown_name_and_a_hanging_lookup() -> None:
    release = threading.Event()

    def resolver(name: str) -> Sequence[str]:
        if name == "slow.test":
            release.wait(5)
        raise OSError("no network")

    with http.Client(ALLOW, resolver=resolver) as it:
        assert fails(lambda: it.send("GET", "https://none.test/", max_bytes=1)).kind == "dns"
        elapsed = clock()
        assert fails(lambda: it.send("GET", "https://slow.test/", max_bytes=1, connect_timeout=0.2)).kind == "dns"
        assert elapsed() < 1.5
    release.set()


# TLS


def serving(authority: trustme.CA, *names: str, expires: datetime | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, not_after=expires).configure_cert(context)
    return context


@cache  # reading the system's authorities takes longer than most tests
def trusting_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def trusting(authority: trustme.CA, resolver: Callable[[str], Sequence[str]]) -> http.Client:
    return http.Client(ALLOW, resolver=resolver, tls=trusting_context(authority))


local = resolving(hook=["127.0.0.1"], other=["127.0.0.1"])


def test_tls_checks_the_name_and_is_reported(authority: trustme.CA) -> None:
    asked: list[str | None] = []
    context = serving(authority, "hook.test")
    context.sni_callback = lambda _sock, name, _context: asked.append(name)
    with receiver(polite, context) as server, trusting(authority, local) as it:
        response = it.send("POST", server.named("hook.test"), content=BODY, max_bytes=100)
        again = it.send("POST", server.named("hook.test"), content=BODY, max_bytes=100)
    assert asked == ["hook.test"]
    assert response.tls is not None
    assert response.tls.version == "TLSv1.3"
    assert response.tls.expires
    assert response.timing.tls_ms
    assert (again.tls, again.timing.tls_ms, again.timing.connect_ms) == (response.tls, None, None)
    assert [request.partition(b"\r\n\r\n")[2] for request in server.requests] == [BODY, BODY]


@pytest.mark.parametrize(
    ("context", "words"),
    [
        (lambda authority: serving(authority, "other.example.com"), "not valid for"),
        (lambda authority: serving(authority, "hook.test", expires=datetime(2020, 1, 1, tzinfo=UTC)), "expired"),
        (lambda _: serving(trustme.CA(), "hook.test"), "unable to get local issuer certificate"),
    ],
)
def test_a_bad_certificate_is_refused(
    authority: trustme.CA, context: Callable[..., ssl.SSLContext], words: str
) -> None:
    with receiver(polite, context(authority)) as server, trusting(authority, local) as it:
        error = fails(lambda: it.send("POST", server.named("hook.test"), max_bytes=10))
    assert (error.kind, error.permanent) == ("tls", True)
    assert words in error.message
    assert error.trace.address == ip_address("127.0.0.1")
    assert server.requests == []


def test_a_private_authority_is_not_trusted_by_default(authority: trustme.CA) -> None:
    with receiver(polite, serving(authority, "hook.test")) as server, http.Client(ALLOW, resolver=local) as it:
        assert fails(lambda: it.send("POST", server.named("hook.test"), max_bytes=10)).kind == "tls"


def test_old_tls_is_refused(authority: trustme.CA) -> None:
    context = serving(authority, "hook.test")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with receiver(polite, context) as server, trusting(authority, local) as it:
        assert fails(lambda: it.send("POST", server.named("hook.test"), max_bytes=10)).kind == "tls"


def test_https_to_a_server_without_tls(authority: trustme.CA) -> None:
    def answer_at_once(peer: Peer) -> None:
        peer.sock.recv(1000)
        peer.answer(b"", "400 Bad Request")

    with receiver(answer_at_once) as server, trusting(authority, local) as it:
        error = fails(lambda: it.send("POST", server.named("hook.test").replace("http:", "https:"), max_bytes=10))
    assert (error.kind, error.permanent) == ("tls", False)


def test_a_handshake_that_hangs_times_out(authority: trustme.CA) -> None:
    with receiver(stay_silent) as server, trusting(authority, local) as it:
        url = server.named("hook.test").replace("http:", "https:")
        elapsed = clock()
        assert fails(lambda: it.send("POST", url, max_bytes=10, connect_timeout=0.2)).kind == "timeout"
        assert elapsed() < 1.5


def test_a_connection_for_one_name_is_not_used_for_another(authority: trustme.CA) -> None:
    """Same address, same port: the certificate was checked for the first name only."""
    with receiver(polite, serving(authority, "hook.test")) as server, trusting(authority, local) as it:
        it.send("GET", server.named("hook.test"), max_bytes=10)
        assert fails(lambda: it.send("GET", server.named("other.test"), max_bytes=10)).kind == "tls"


# Kept connections


def test_connections_are_kept(client: http.Client) -> None:
    with receiver(polite) as server:
        timings = [client.send("POST", server.url, content=BODY, max_bytes=100).timing for _ in range(5)]
    assert server.connections == 1
    assert timings[0].connect_ms is not None
    assert all(timing.connect_ms is None for timing in timings[1:])


def test_a_kept_connection_is_left_when_the_name_moves() -> None:
    answers = iter([["127.0.0.5"], ["127.0.0.6"], ["127.0.0.6", "127.0.0.5"]])
    with (
        receiver(polite, host="127.0.0.5") as first,
        http.Client(ALLOW, resolver=lambda _: next(answers)) as it,
        receiver(polite, host="127.0.0.6", port=first.port) as second,
    ):
        seen = [str(it.send("GET", first.named("moves.test"), max_bytes=10).address) for _ in range(3)]
    assert seen == ["127.0.0.5", "127.0.0.6", "127.0.0.6"]
    assert (first.connections, second.connections) == (1, 1)


def test_a_connection_the_server_closed_is_not_used(client: http.Client) -> None:
    idle, closed = threading.Semaphore(0), threading.Semaphore(0)

    def once(peer: Peer) -> None:
        peer.read()
        peer.answer()
        idle.acquire(timeout=3)
        peer.sock.shutdown(socket.SHUT_RDWR)
        closed.release()

    with receiver(once) as server:
        for _ in range(3):
            assert client.send("POST", server.url, content=BODY, max_bytes=100).status == 200
            idle.release()
            assert closed.acquire(timeout=3)
    assert server.connections == 3


def close_on_second(peer: Peer) -> None:
    """Answer once, then close just as the next request comes in: a race no client can see."""
    peer.read()
    peer.answer()
    peer.sock.recv(1)
    peer.reset()


@pytest.mark.parametrize(("method", "headers"), [("GET", {}), ("POST", {"Webhook-Id": "evt_1"}), ("PUT", {})])
def test_the_race_with_a_closing_server_is_repeated_if_that_is_safe(
    client: http.Client, method: str, headers: dict[str, str]
) -> None:
    with receiver(close_on_second) as server:
        for _ in range(3):
            assert client.send(method, server.url, headers, max_bytes=100).status == 200
    assert server.connections == 3


def test_the_race_is_an_error_for_what_must_not_happen_twice(client: http.Client) -> None:
    with receiver(close_on_second) as server:
        client.send("POST", server.url, max_bytes=100)
        assert fails(lambda: client.send("POST", server.url, max_bytes=100)).kind == "reset"
    assert server.connections == 1


def test_a_fresh_connection_that_breaks_is_not_tried_again(client: http.Client) -> None:
    with receiver(Peer.reset) as server:
        assert fails(lambda: client.send("GET", server.url, max_bytes=100)).kind == "reset"
    assert server.connections == 1


def test_many_threads_share_a_client(client: http.Client) -> None:
    def echo(peer: Peer) -> None:
        while request := peer.read():
            peer.answer(request.partition(b"\r\n\r\n")[2])

    def work(number: int) -> bool:
        sent = [f"{number}-{turn}".encode() * 50 for turn in range(20)]
        return all(client.send("POST", server.url, content=one, max_bytes=1000).body == one for one in sent)

    with receiver(echo) as server, ThreadPoolExecutor(10) as pool:
        assert all(pool.map(work, range(10)))
    assert server.connections <= 10


def test_closing_the_client_closes_its_connections(client: http.Client) -> None:
    gone = threading.Event()

    def behave(peer: Peer) -> None:
        polite(peer)
        gone.set()

    with receiver(behave) as server:
        client.send("GET", server.url, max_bytes=10)
        client.close()
        assert gone.wait(1)
        assert client.send("GET", server.url, max_bytes=10).status == 200  # and it can be used again
