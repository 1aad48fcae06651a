from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.proxies import client_of

PROXIES = [ip_network("10.0.0.0/8"), ip_network("::1/128")]
OFFICE = [ip_network("203.0.113.0/24")]


def scope(peer: str, *forwarded: str, **headers: str) -> dict[str, Any]:
    lines = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    lines += [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"client": (peer, 1234), "headers": lines}


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.7", [], "198.51.100.7"),
        ("198.51.100.7", ["203.0.113.9"], "198.51.100.7"),  # anybody can write that
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.1.1.1, 203.0.113.9"], "203.0.113.9"),  # what the client itself wrote stands before
        ("10.0.0.1", ["1.1.1.1", "203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9:4711 ,10.0.0.2"], "203.0.113.9"),
        ("::1", ["[2001:db8::7]:4711"], "2001:db8::/64"),
        ("10.0.0.1", ["2001:db8::7"], "2001:db8::/64"),
        ("::ffff:10.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["203.0.113.9, nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["nonsense, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9" + ", 10.0.0.2" * 1000], "10.0.0.2"),
    ],
)
def test_the_client_is_seen_through_named_proxies_only(peer: str, forwarded: list[str], client: str) -> None:
    assert client_of(scope(peer, *forwarded), PROXIES).label == client


def test_no_address_at_all() -> None:
    assert client_of({"client": None, "headers": []}, PROXIES).label == "unknown"
    assert client_of(scope("unix"), PROXIES).label == "unknown"


def test_what_comes_through_an_unknown_proxy_is_not_from_where_the_proxy_is() -> None:
    assert client_of(scope("203.0.113.9"), []).within(OFFICE)
    for header in ("forwarded", "via"):
        assert not client_of(scope("203.0.113.9", **{header: "x"}), []).within(OFFICE)
    assert not client_of(scope("203.0.113.9", "203.0.113.9"), []).within(OFFICE)
    assert not client_of(scope("10.0.0.1", "203.0.113.9, ?"), PROXIES).within([*OFFICE, *PROXIES])
    assert client_of(scope("10.0.0.1", "203.0.113.9"), PROXIES).within(OFFICE)
    assert not client_of({"client": None, "headers": []}, []).within([ip_network("0.0.0.0/0")])


@given(st.text(max_size=60), st.ip_addresses())
def test_a_client_cannot_choose_its_address(written: str, real: Any) -> None:
    """Whatever a client writes, its proxy adds what it saw."""
    claim = written.encode("ascii", "ignore").decode()
    seen = client_of(scope("10.0.0.1", claim, str(real)), PROXIES).address
    expected = getattr(real, "ipv4_mapped", None) or real
    if not any(expected in network for network in PROXIES if network.version == expected.version):
        assert seen == expected
    assert ip_address(str(seen))
