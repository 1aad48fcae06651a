"""Which URLs and addresses outbound requests may reach: the guard against server-side request forgery.

Pure. Whoever connects checks the URL here, resolves the name once, checks every answer here, and
connects to a checked answer. A name proves nothing; only the address that is connected to counts.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network
from urllib.parse import quote

import idna

from core.config import Network
from core.errors import ForbiddenAddress

Address = IPv4Address | IPv6Address

SHOWN = 64  # characters of foreign text that a message may repeat
MAX_URL = 4096
MAX_HOST = 253
WEBHOOK_PORTS = frozenset({443, 8443})
WEBSITE_PORTS = frozenset({80, 443, 8080, 8443})
REMEDY = "use a public address, or ask the operator to add its network to MAPTARGETER_OUTBOUND_ALLOW"

# The IANA special-purpose registries (RFC 6890 and its updates), all multicast, what was withdrawn,
# what hides an IPv4 address inside IPv6, and the metadata services that have a public address.
# ipaddress.is_private and is_global miss a third of these.
_REFUSED = """
0.0.0.0/8           an unspecified address
10.0.0.0/8          a private address
100.64.0.0/10       a shared carrier address
127.0.0.0/8         a loopback address
168.63.129.16/32    a cloud metadata address
169.254.0.0/16      a link-local address
172.16.0.0/12       a private address
192.0.0.0/24        a protocol address
192.0.2.0/24        a documentation address
192.31.196.0/24     a protocol address
192.52.193.0/24     a protocol address
192.88.99.0/24      a 6to4 relay address
192.168.0.0/16      a private address
192.175.48.0/24     a protocol address
198.18.0.0/15       a benchmarking address
198.51.100.0/24     a documentation address
203.0.113.0/24      a documentation address
224.0.0.0/4         a multicast address
255.255.255.255/32  a broadcast address
240.0.0.0/4         a reserved address
::/128              an unspecified address
::/96               an IPv4 address inside IPv6
::ffff:0:0:0/96     an IPv4 address inside IPv6
64:ff9b::/96        a NAT64 address
64:ff9b:1::/48      a NAT64 address
100::/64            a discard address
100:0:0:1::/64      a dummy address
2001::/32           a Teredo address
2001::/23           a protocol address
2001:db8::/32       a documentation address
2002::/16           a 6to4 address
2620:4f:8000::/48   a protocol address
3ffe::/16           a withdrawn address
3fff::/20           a documentation address
5f00::/16           a segment routing address
fc00::/7            a private address
fe80::/10           a link-local address
fec0::/10           a site-local address
ff00::/8            a multicast address
"""
_RULES = tuple(
    (ip_network(network), reason)
    for network, reason in (line.split(maxsplit=1) for line in _REFUSED.strip().splitlines())
)
_UNICAST = ip_network("2000::/3")  # all of IPv6 that is handed out to anybody (RFC 4291 §2.4)
_LOOPBACK = (IPv6Address("::1"), IPv4Address("127.0.0.1"))

_UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\\\s\ud800-\udfff]")
_URL = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([1-9][0-9]{0,4}))?")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_ENDS_IN_NUMBER = re.compile(r"(.*\.)?([0-9]+|0[xX][0-9a-fA-F]*)\.?")
_LOCAL_NAME = re.compile(
    r"[^.]*|(.*\.)?(localhost|localdomain|local|internal|intranet|private|corp|home|lan|home\.arpa)"
)


@dataclass(frozen=True, slots=True)
class ParsedTarget:
    """A URL that passed ``check_url``, in the parts a request needs.

    ``host`` is a lower-case DNS name in ASCII, or an address without brackets; ``target`` is the
    percent-encoded path with its query. ``literal`` is the address if the URL names one.
    ``only_allowed``, unless empty, is the message for a host outside the operator's networks.
    """

    scheme: str
    host: str
    port: int
    target: str
    literal: Address | None = None
    only_allowed: str = ""

    @property
    def authority(self) -> str:
        """The Host header: the port is left out where it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _default_port(self.scheme) else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL in canonical form, without a fragment."""
        return f"{self.scheme}://{self.authority}{self.target}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """What decides whether two URLs are the same server (RFC 6454)."""
        return self.scheme, self.host, self.port


def canonical(address: Address) -> Address:
    """Return the IPv4 address that ``::ffff:a.b.c.d`` stands for; any other address as it is."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def refusal(address: Address, allow: Sequence[Network]) -> str | None:
    """Return why ``address`` may not be reached, such as ``a loopback address``; None if it may."""
    address = canonical(address)
    if is_allowed(address, allow):
        return None
    if address == _LOOPBACK[0]:
        return "a loopback address"
    for network, reason in _RULES:
        if address in network:
            return reason
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return "a reserved address"
    return None


def is_allowed(address: Address, allow: Sequence[Network]) -> bool:
    """Say whether the operator opened a network that holds ``address``.

    Who opened 127.0.0.1 also opened ::1: ``localhost`` is both, and both are this machine.
    """
    address = canonical(address)
    same = _LOOPBACK if address == _LOOPBACK[0] else (address,)
    return any(one in network for one in same for network in allow)


def check_url(url: str, allow: Sequence[Network], *, plain_http: bool = False) -> ParsedTarget:
    """Read a URL that a customer or a foreign server gave; raise ForbiddenAddress with what to do.

    https on 443 or 8443 only; with ``plain_http`` (websites) also http, and ports 80 and 8080. Beyond that
    only what leads into ``allow``: a literal address is judged here, a name when ``check_answers`` sees
    where it leads. Nothing is guessed: a host must be written the one plain way, or it is refused.
    """
    if len(url) > MAX_URL:
        raise ForbiddenAddress(f"the URL is longer than {MAX_URL} characters; use a shorter one")
    if _UNSAFE.search(url):
        raise ForbiddenAddress("the URL holds spaces, control characters or backslashes; percent-encode or remove them")
    parts = _URL.fullmatch(url)
    if parts is None:
        raise ForbiddenAddress(f"{shown(url)} is not an https URL; write it as https://host/path")
    scheme = parts[1].lower()
    host, literal, port = _read_authority(parts[2], scheme)
    target = _percent_encoded((parts[3] or "/") + (parts[4] or ""))
    only_allowed = _why_only_allowed(scheme, host, port, literal, plain_http)
    parsed = ParsedTarget(scheme, host, port, target, literal, only_allowed)
    if only_allowed and not allow:
        raise ForbiddenAddress(only_allowed)
    check_answers(parsed, [literal] if literal else [], allow)
    return parsed


def check_answers(target: ParsedTarget, addresses: Iterable[Address], allow: Sequence[Network]) -> None:
    """Raise ForbiddenAddress unless every address the host resolves to may be reached.

    The message names the kind of address, never the address: names of an inner network stay unread.
    """
    for address in addresses:
        reason = refusal(address, allow)
        if reason:
            raise ForbiddenAddress(f"{shown(target.host)} is or leads to {reason}; {REMEDY}")
        if target.only_allowed and not is_allowed(address, allow):
            raise ForbiddenAddress(target.only_allowed)


def shown(text: str) -> str:
    """Return foreign text fit for a message: printable, at most 64 characters."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in text[: SHOWN + 1])
    return plain if len(plain) <= SHOWN else plain[: SHOWN - 3] + "..."


def _read_authority(text: str, scheme: str) -> tuple[str, Address | None, int]:
    if "@" in text:
        raise ForbiddenAddress("the URL holds a user name or password; remove everything before and including the @")
    parts = _AUTHORITY.fullmatch(text)
    port = int(parts[2] or _default_port(scheme)) if parts else 0
    if parts is None or not parts[1] or port > 65535:
        raise ForbiddenAddress(f"{shown(text)} is not a host with an optional port; write it as https://host:8443/path")
    if parts[1].startswith("["):
        address = _read_ipv6(parts[1][1:-1])
        return str(address), address, port
    name = _ascii_name(parts[1])
    if _ENDS_IN_NUMBER.fullmatch(name):
        ipv4 = _read_ipv4(name, as_written=parts[1])
        return name, ipv4, port
    return name, None, port


def _read_ipv6(text: str) -> Address:
    try:
        if "%" in text:
            raise ValueError("zone")
        return canonical(IPv6Address(text))
    except ValueError:
        raise ForbiddenAddress(f"[{shown(text)}] is not a plain IPv6 address; write it without a zone") from None


def _read_ipv4(name: str, *, as_written: str) -> IPv4Address:
    """Accept ``a.b.c.d`` only: octal, hexadecimal, short and dressed-up numbers are how filters are fooled."""
    try:
        if name != as_written:
            raise ValueError("dressed up")
        return IPv4Address(name)
    except ValueError:
        raise ForbiddenAddress(f"{shown(as_written)} is not a plain IPv4 address; write four decimal numbers") from None


def _ascii_name(text: str) -> str:
    """Return the name as DNS has it (UTS 46), lower case, without the root's dot; a number keeps its dot."""
    name = _to_ascii(text)
    if _ENDS_IN_NUMBER.fullmatch(name):
        return name
    name = name.removesuffix(".")
    if len(name) > MAX_HOST or not _NAME.fullmatch(name):
        raise ForbiddenAddress(f"{shown(text)} is not a host name; use letters, digits, hyphens and dots")
    return name


def _to_ascii(text: str) -> str:
    try:
        return text.lower() if text.isascii() else idna.encode(text, uts46=True).decode()
    except UnicodeError:
        return ""


def _why_only_allowed(scheme: str, host: str, port: int, literal: Address | None, plain_http: bool) -> str:
    ports = WEBSITE_PORTS if plain_http else WEBHOOK_PORTS
    if literal is None and _LOCAL_NAME.fullmatch(host):
        return f"{shown(host)} is a name of a local network; {REMEDY}"
    if scheme == "http" and not plain_http:
        return "plain http may only lead to networks in MAPTARGETER_OUTBOUND_ALLOW; use https"
    if port not in ports:
        usual = " or ".join(map(str, sorted(ports)))
        return f"port {port} may only lead to networks in MAPTARGETER_OUTBOUND_ALLOW; use {usual}"
    return ""


def _percent_encoded(target: str) -> str:
    return quote(target, safe="%/?:@!$&'()*+,;=-._~[]|")


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80
