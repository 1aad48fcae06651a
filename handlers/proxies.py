"""Who a request really comes from, when it came through proxies that the operator named.

Anybody can write X-Forwarded-For. Each proxy adds the address it was spoken to from, so the list is believed from its
end, as far back as the addresses are those of named proxies; the first other one is the client.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.types import Scope

from core.config import Network

LONGEST = 20
"""So many hops are followed; a longer list was made up."""

_FORWARDING = (b"x-forwarded-for", b"forwarded", b"via", b"x-real-ip")
Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Client:
    """Where a request comes from. ``address`` is None where that cannot be known.

    ``direct`` is False if it came through a proxy that was not named, whose address this is then.
    """

    address: Address | None
    direct: bool = True

    def within(self, networks: Sequence[Network]) -> bool:
        """Tell whether the client itself is in one of the networks."""
        address = self.address
        return self.direct and address is not None and any(address in network for network in networks)

    @property
    def label(self) -> str:
        """What stands for one client: its IPv4 address, or the /64 that an IPv6 host can choose addresses from."""
        if isinstance(self.address, IPv6Address):
            return str(ip_network((self.address, 64), strict=False))
        return str(self.address) if self.address else "unknown"


def client_of(scope: Scope, proxies: Sequence[Network]) -> Client:
    """Return the client, seen through the named proxies."""
    peer = _address(scope["client"][0] if scope.get("client") else "")
    if peer is None or not _is_in(peer, proxies):
        return Client(peer, not any(name in _FORWARDING for name, _ in scope["headers"]))
    told = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    for hop in [text.strip() for text in reversed(",".join(told).split(",")) if text.strip()][:LONGEST]:
        before = _address(hop)
        if before is None:
            return Client(peer, direct=False)
        peer = before
        if not _is_in(peer, proxies):
            break
    return Client(peer)


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _address(text: str) -> Address | None:
    """Read an address, also as 1.2.3.4:5678, [::1]:5678 and ::ffff:1.2.3.4, which proxies write."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
