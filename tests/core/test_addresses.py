import contextlib
import ipaddress
import socket
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import http
from core.addresses import Address, ParsedTarget, canonical, check_answers, check_url, refusal, shown
from core.errors import ForbiddenAddress
from tests.core import hostile

LOOPBACK = [ip_network("127.0.0.0/8")]
words = str.split

# First and last address of every range that must not be reached, written down independently of the code.
REFUSED_RANGES = words("""
0.0.0.0 0.255.255.255            10.0.0.0 10.255.255.255          100.64.0.0 100.127.255.255
127.0.0.0 127.255.255.255        169.254.0.0 169.254.255.255      172.16.0.0 172.31.255.255
192.0.0.0 192.0.0.255            192.0.2.0 192.0.2.255            192.88.99.0 192.88.99.255
192.168.0.0 192.168.255.255      198.18.0.0 198.19.255.255        198.51.100.0 198.51.100.255
203.0.113.0 203.0.113.255        224.0.0.0 239.255.255.255        240.0.0.0 255.255.255.255
168.63.129.16 168.63.129.16      192.31.196.0 192.31.196.255      192.52.193.0 192.52.193.255
192.175.48.0 192.175.48.255
:: ::ffff:ffff                   ::ffff:0:0:0 ::ffff:0:ffff:ffff  64:ff9b:: 64:ff9b::ffff:ffff
64:ff9b:1:: 64:ff9b:1:ffff:ffff:ffff:ffff:ffff                    100:: 100::ffff:ffff:ffff:ffff
100:0:0:1:: 100::1:ffff:ffff:ffff:ffff                            2001:: 2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff
2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff                 2002:: 2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff
2620:4f:8000:: 2620:4f:8000:ffff:ffff:ffff:ffff:ffff              3ffe:: 3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff
3fff:: 3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff                     4000:: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
5f00:: 5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff                    fc00:: fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
fe80:: febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff                    fec0:: feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
ff00:: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
""")
REFUSED_SINGLY = [
    *hostile.INNER,
    *("fd00:ec2::254", "fd20:ce::254", "::1", "fe80::a9fe:a9fe", "ff02::1", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe"),
    *("::127.0.0.1", "::8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
]

# The neighbours of every refused range, and well-known public servers.
PUBLIC = words("""
1.0.0.0 1.1.1.1 8.8.8.8 9.9.9.9 9.255.255.255 11.0.0.0 93.184.216.34 100.63.255.255 100.128.0.0 126.255.255.255
128.0.0.0 140.82.121.4 151.101.1.140 168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0
185.199.108.153 191.255.255.255 192.0.1.0 192.0.1.255 192.0.3.0 192.31.195.255 192.31.197.0 192.52.192.255 192.52.194.0
192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0 192.175.47.255 192.175.49.0 198.17.255.255 198.20.0.0
198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255 ::ffff:1.1.1.1 ::ffff:93.184.216.34
2000::1 2001:200::1 2001:4860:4860::8888 2001:db7:ffff:ffff:ffff:ffff:ffff:ffff 2001:db9:: 2001:ffff::1 2003::1
2400:cb00::1 2600:9000::1 2606:4700:4700::1111 2620:4f:7fff::1 2620:4f:8001::1 2620:fe::fe 2a00:1450:4001::1
2a04:4e42::1 3ffd:ffff::1 3fff:1000::1
""")


@pytest.mark.parametrize("text", [*REFUSED_RANGES, *REFUSED_SINGLY])
def test_refused_addresses(text: str) -> None:
    assert refusal(ip_address(text), []), text


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses(text: str) -> None:
    assert refusal(ip_address(text), []) is None


addresses = st.one_of(
    st.ip_addresses(v=4),
    st.ip_addresses(v=6),
    st.ip_addresses(v=4, network="192.0.0.0/8"),
    st.ip_addresses(v=6, network="2000::/3"),
)


@given(addresses)
def test_what_may_be_reached_is_public_for_the_standard_library_too(address: Address) -> None:
    if refusal(address, []) is None:
        seen = canonical(address)
        assert seen.is_global
        assert not any((seen.is_private, seen.is_multicast, seen.is_loopback, seen.is_link_local, seen.is_reserved))


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_like_the_one_inside(address: IPv4Address) -> None:
    assert refusal(IPv6Address(f"::ffff:{address}"), LOOPBACK) == refusal(address, LOOPBACK)


@given(addresses)
@example(IPv4Address("224.0.0.1"))
def test_the_operator_can_open_any_network(address: Address) -> None:
    assert refusal(address, [ipaddress.ip_network(canonical(address))]) is None


def test_opening_loopback_opens_both_families_and_nothing_else() -> None:
    assert refusal(ip_address("::1"), LOOPBACK) is None
    assert refusal(ip_address("127.9.9.9"), LOOPBACK) is None
    assert refusal(ip_address("::1"), []) == "a loopback address"
    assert refusal(ip_address("10.0.0.1"), LOOPBACK) == "a private address"
    assert refusal(ip_address("::1"), [ip_network("127.0.0.5/32")]) == "a loopback address"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("10.0.0.1", "a private address"),
        ("169.254.169.254", "a link-local address"),
        ("168.63.129.16", "a cloud metadata address"),
        ("224.0.0.1", "a multicast address"),
        ("255.255.255.254", "a reserved address"),
        ("255.255.255.255", "a broadcast address"),
        ("::", "an unspecified address"),
        ("::127.0.0.1", "an IPv4 address inside IPv6"),
        ("::ffff:0:127.0.0.1", "an IPv4 address inside IPv6"),
        ("64:ff9b::127.0.0.1", "a NAT64 address"),
        ("64:ff9b:1::127.0.0.1", "a NAT64 address"),
        ("100::1", "a discard address"),
        ("100:0:0:1::1", "a dummy address"),
        ("2001::1", "a Teredo address"),
        ("2001:20::1", "a protocol address"),
        ("2002:7f00:1::", "a 6to4 address"),
        ("5f00::1", "a segment routing address"),
        ("9000::1", "a reserved address"),
        ("fd00::1", "a private address"),
        ("fe80::1", "a link-local address"),
        ("fec0::1", "a site-local address"),
        ("ff02::1", "a multicast address"),
    ],
)
def test_reasons_are_words_for_people(text: str, reason: str) -> None:
    assert refusal(ip_address(text), []) == reason


HOSTS = [*(host for dotted in hostile.INNER for host in hostile.disguises(dotted)), *hostile.WRONG_HOSTS]
HOSTILE = [*(f"https://{host}/" for host in [*HOSTS, *hostile.INNER_NAMES]), *hostile.URLS]


@pytest.fixture(scope="module")
def client() -> Iterator[http.Client]:
    with http.Client(resolver=hostile.answers) as made:
        yield made


def test_the_corpus_is_large_enough() -> None:
    assert len(set(HOSTILE)) >= 300


@pytest.mark.parametrize("url", HOSTILE)
def test_hostile_urls_are_refused(client: http.Client, url: str) -> None:
    with pytest.raises(ForbiddenAddress) as caught:
        client.resolve_and_check(url)
    assert len(caught.value.message) < 250
    with pytest.raises(http.OutboundError) as sent:
        client.send("POST", url, max_bytes=1)
    assert sent.value.kind == "refused_address"
    assert sent.value.permanent
    assert sent.value.trace.address is None


def test_plain_http_opens_no_inner_address(client: http.Client) -> None:
    urls = [f"http://{host}/" for host in [*HOSTS, *hostile.INNER_NAMES]]
    assert not [url for url in urls if not refuses(lambda url: client.resolve_and_check(url, plain_http=True), url)]


def test_an_opened_network_opens_no_other() -> None:
    allow = [ip_network("10.77.0.0/16")]
    assert not [host for host in HOSTS if not refuses(lambda url: check_url(url, allow), f"http://{host}/")]


def refuses(check: Callable[[str], object], url: str) -> bool:
    try:
        check(url)
    except ForbiddenAddress:
        return True
    return False


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://example.com", ParsedTarget("https", "example.com", 443, "/")),
        ("HTTPS://EXAMPLE.com./a?b#c", ParsedTarget("https", "example.com", 443, "/a?b")),
        ("https://example.com?a=b", ParsedTarget("https", "example.com", 443, "/?a=b")),
        ("https://example.com:443/", ParsedTarget("https", "example.com", 443, "/")),
        ("https://example.com:8443/", ParsedTarget("https", "example.com", 8443, "/")),
        ("https://sub-1.my_shop.example.co.uk/", ParsedTarget("https", "sub-1.my_shop.example.co.uk", 443, "/")),
        ("https://münchen.example.com/", ParsedTarget("https", "xn--mnchen-3ya.example.com", 443, "/")),
        ("https://faß.de/", ParsedTarget("https", "xn--fa-hia.de", 443, "/")),
        ("https://ⓔⓧⓐⓜⓟⓛⓔ.ⓒⓞⓜ/", ParsedTarget("https", "example.com", 443, "/")),
        ("https://例え。テスト/", ParsedTarget("https", "xn--r8jz45g.xn--zckzah", 443, "/")),
        ("https://1.example.com/", ParsedTarget("https", "1.example.com", 443, "/")),
        ("https://127.0.0.1.example.com/", ParsedTarget("https", "127.0.0.1.example.com", 443, "/")),
        ("https://0x7f.example.com/", ParsedTarget("https", "0x7f.example.com", 443, "/")),
        ("https://1.1.1.1/", ParsedTarget("https", "1.1.1.1", 443, "/", ip_address("1.1.1.1"))),
        ("https://[2606:4700:0::1]/", ParsedTarget("https", "2606:4700::1", 443, "/", ip_address("2606:4700::1"))),
        ("https://[::ffff:1.1.1.1]/", ParsedTarget("https", "1.1.1.1", 443, "/", ip_address("1.1.1.1"))),
        ("https://example.com/ä/%2F?[1]|'\"<", ParsedTarget("https", "example.com", 443, "/%C3%A4/%2F?[1]|'%22%3C")),
        ("https://example.com/a@b:c//d/../e", ParsedTarget("https", "example.com", 443, "/a@b:c//d/../e")),
        ("https://example.com/#/a@127.0.0.1", ParsedTarget("https", "example.com", 443, "/")),
    ],
)  # fmt: skip
def test_honest_urls_are_read(url: str, target: ParsedTarget) -> None:
    assert check_url(url, []) == target


@pytest.mark.parametrize("text", PUBLIC)
def test_urls_with_public_addresses_are_read(text: str) -> None:
    host = f"[{text}]" if ":" in text else text
    assert check_url(f"https://{host}/", []).literal == canonical(ip_address(text))


@pytest.mark.parametrize("port", [80, 443, 8080, 8443])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_websites_may_use_plain_http_and_its_ports(scheme: str, port: int) -> None:
    target = check_url(f"{scheme}://example.com:{port}/", [], plain_http=True)
    assert (target.scheme, target.port) == (scheme, port)
    with pytest.raises(ForbiddenAddress, match="port 22"):
        check_url(f"{scheme}://example.com:22/", [], plain_http=True)


def test_opened_networks_may_use_plain_http_and_any_port() -> None:
    assert check_url("http://127.0.0.1:9000/hook", LOOPBACK).literal == ip_address("127.0.0.1")
    assert check_url("http://[::1]:9000/hook", LOOPBACK).authority == "[::1]:9000"
    for name in ("localhost", "receiver", "hooks.internal", "example.com"):
        target = check_url(f"http://{name}:9000/hook", LOOPBACK)
        check_answers(target, [ip_address("127.0.0.1"), ip_address("::1")], LOOPBACK)
        with pytest.raises(ForbiddenAddress):
            check_answers(target, [ip_address("93.184.216.34")], LOOPBACK)
        with pytest.raises(ForbiddenAddress):
            check_answers(target, [ip_address("127.0.0.1"), ip_address("10.0.0.1")], LOOPBACK)
    with pytest.raises(ForbiddenAddress, match="plain http"):
        check_url("http://93.184.216.34/", LOOPBACK)


def test_canonical_forms() -> None:
    target = check_url("http://[::1]:80/a?b", LOOPBACK)
    assert (target.authority, target.url) == ("[::1]", "http://[::1]/a?b")
    assert check_url("https://EXAMPLE.com:8443#x", []).url == "https://example.com:8443/"


def test_messages_say_what_to_do_and_repeat_little() -> None:
    for url in (f"https://{'é' * 3000}/", f"https://{'a' * 3000}/", f"{'b' * 3000}://", f"https://[{'c' * 3000}]/"):
        with pytest.raises(ForbiddenAddress) as caught:
            check_url(url, [])
        assert max(caught.value.message.count(letter) for letter in "éabc") < 70
    with pytest.raises(ForbiddenAddress) as caught:
        check_url("https://user:hunter2@example.com/", [])
    assert "hunter2" not in caught.value.message
    with pytest.raises(ForbiddenAddress) as caught:
        check_answers(check_url("https://inner.example.com/", []), [ip_address("10.11.12.13")], [])
    assert "10.11" not in caught.value.message
    assert caught.value.message == (
        "inner.example.com is or leads to a private address; use a public address, "
        "or ask the operator to add its network to MAPTARGETER_OUTBOUND_ALLOW"
    )


def test_shown_text_is_short_and_printable() -> None:
    assert shown("a" * 64) == "a" * 64
    assert shown("a" * 65) == "a" * 61 + "..."
    assert shown("a\x1b[31m\n") == "a?[31m?"


hosts = st.text(st.sampled_from("0123456789abcdefxX.-oO①⓪\uff12。\uff0e:[]%"), min_size=1, max_size=20)


@given(hosts)
@example("127.1")
@example("0x7f.1")
@example("017700000001")
@example("①②⑦.1")
def test_the_system_never_reads_a_number_where_we_read_a_name(host: str) -> None:
    """getaddrinfo takes far more for an address than a URL should: whatever it takes for one, we judged."""
    try:
        target = check_url(f"https://{host}/", [])
    except ForbiddenAddress:
        return
    if target.literal is None:
        with pytest.raises(socket.gaierror):
            socket.getaddrinfo(target.host, 443, flags=socket.AI_NUMERICHOST)
    else:
        found = socket.getaddrinfo(target.host, 443, flags=socket.AI_NUMERICHOST, type=socket.SOCK_STREAM)
        assert [ip_address(one[4][0]) for one in found] == [target.literal]


@given(st.text(max_size=60), st.booleans())
def test_whatever_is_read_is_in_canonical_form(text: str, plain_http: bool) -> None:
    for url in (text, f"https://{text}", f"http://example.com{text}"):
        with contextlib.suppress(ForbiddenAddress):
            target = check_url(url, [], plain_http=plain_http)
            assert target.url.isascii()
            assert check_url(target.url, [], plain_http=plain_http) == target
