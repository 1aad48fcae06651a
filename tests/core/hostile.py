"""Ways to write an address that must not be reached: the corpus of the forgery guard."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

# One of each kind that a request could do harm at.
INNER = [
    "127.0.0.1",
    "127.127.127.127",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",  # metadata of most clouds
    "169.254.170.2",  # container credentials
    "100.100.100.200",  # metadata, in the shared carrier range
    "192.0.0.192",  # metadata, in the protocol range
    "168.63.129.16",  # metadata at a public address
    "224.0.0.1",
    "255.255.255.255",
]

_ENCLOSED = str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨")
_FULL_WIDTH = {ord("0") + digit: chr(0xFF10 + digit) for digit in range(10)}
_MATHEMATICAL = {ord("0") + digit: chr(0x1D7CE + digit) for digit in range(10)}


def disguises(dotted: str) -> Iterator[str]:
    """Every way to write an IPv4 address as the host of a URL."""
    yield dotted
    yield from _numbers(dotted)
    yield from _dressed_up(dotted)
    yield from (f"[{address}]" for address in _inside_ipv6(dotted))


def _numbers(dotted: str) -> Iterator[str]:
    a, b, c, d = IPv4Address(dotted).packed
    whole = int(IPv4Address(dotted))
    yield str(whole)
    yield str(whole + 2**32)
    yield f"0x{whole:08x}"
    yield f"0X{whole:X}"
    yield f"0{whole:o}"
    yield f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"
    yield f"0{a:o}.0{b:o}.0{c:o}.0{d:o}"
    yield f"000{a:o}.000{b:o}.000{c:o}.000{d:o}"
    yield f"{a:03}.{b:03}.{c:03}.{d:03}"
    yield f"{a}.{b}.{c * 256 + d}"
    yield f"{a}.{b * 65536 + c * 256 + d}"
    yield f"0x{a:x}.{b}.0{c:o}.{d}"
    yield f"{a}.0x{b * 65536 + c * 256 + d:x}"


def _dressed_up(dotted: str) -> Iterator[str]:
    yield f"{dotted}."
    yield dotted.translate(_ENCLOSED)
    yield dotted.translate(_FULL_WIDTH)
    yield dotted.translate(_MATHEMATICAL)
    yield dotted.replace(".", "。")
    yield dotted.replace(".", "\uff0e")  # a full-width stop
    yield dotted.replace(".", "｡", 1)
    yield dotted.replace(".", "\u00ad.", 1)
    yield dotted.replace(".", ".\u200b", 1)
    yield "".join(f"%{ord(letter):02x}" for letter in dotted)
    yield dotted.replace(".", "%2e")
    yield f"[{dotted}]"
    yield f"user@{dotted}"
    yield f"user:secret@{dotted}"
    yield f"good.example.com@{dotted}"
    yield f"good.example.com:443@{dotted}"
    yield f"{dotted}\\@good.example.com"
    yield f"good.example.com\\@{dotted}"
    yield f"{dotted}\tgood.example.com"
    yield f"{dotted} good.example.com"
    yield f"{dotted}\r\nHost: good.example.com"
    yield f"{dotted}:443:80"


def _inside_ipv6(dotted: str) -> Iterator[str]:
    four = int(IPv4Address(dotted))
    yield f"::ffff:{dotted}"
    yield f"::FFFF:{four >> 16:x}:{four & 0xFFFF:x}"
    yield f"0:0:0:0:0:ffff:{dotted}"
    yield f"::{dotted}"
    yield f"::ffff:0:{dotted}"
    yield f"64:ff9b::{dotted}"
    yield f"64:ff9b:1::{dotted}"
    yield str(IPv6Address((0x2002 << 112) | (four << 80)))
    yield str(IPv6Address((0x20010000 << 96) | (four ^ 0xFFFFFFFF)))
    yield f"::ffff:{dotted}%25eth0"


# Hosts that are wrong in themselves, whatever they would lead to.
WRONG_HOSTS = [
    "",
    ":443",
    ".",
    "..",
    "a..b.example.com",
    ".example.com",
    "-a.example.com",
    "a-.example.com",
    "exa mple.com",
    "exa\x00mple.com",
    "exa%00mple.com",
    "exa%6dple.com",
    "example.com%2f@127.0.0.1",
    "exa,mple.com",
    "exa;mple.com",
    "exa'mple.com",
    "exa<mple.com",
    "exa|mple.com",
    "$(hostname).example.com",
    "*.example.com",
    "example.com:0",
    "example.com:",
    "example.com:00443",
    "example.com:65536",
    "example.com:99999",
    "example.com:٤٤٣",
    "example.com:+443",
    "example.com:-443",
    "example.com:443a",
    "example.com:0x1bb",
    f"{'a' * 64}.example.com",
    f"{'abcdefgh.' * 30}example.com",
    f"{'ä.' * 250}example.com",
    "ex\u202eample.com",
    "example.com\uff0fpath",  # a full-width slash
    "example.com\uff20127.0.0.1",  # a full-width @
    "example.com\uff1a443",  # a full-width colon
    "example.com\u2044path",
    "😀\ufffe.example.com",
    "[::1",
    "::1]",
    "::1",
    "[]",
    "[::1]]",
    "[[::1]]",
    "[::1]evil.example.com",
    "evil.example.com[::1]",
    "[v1.fe80::a]",
    "[::1%25lo]",
    "[::1%lo]",
    "[fe80::1%25eth0]",
    "[1:2:3]",
    "[:::]",
    "256.256.256.256",
    "1.2.3.4.5",
    "1.2.3",
    "1.1",
    "0x",
    "0x1.0x",
    "08.08.08.08",
    "1.1.1.0x1",
    "1.1.1.1.",
    "1。1。1。1",
    "①.①.①.①",
    "[2606:4700::1%25eth0]",
    "o177.0.0.1",
    "0o177.0.0.1",
    "127.0.0.1.0x1",
    "example.0x7f",
    "example.1",
]

# Names that lead inside, by custom or by what their resolver answers (see ``answers``).
INNER_NAMES = [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "localhost.localdomain",
    "router.local",
    "printer.lan",
    "nas.home.arpa",
    "metadata",
    "metadata.google.internal",
    "instance-data.ec2.internal",
    "kubernetes.default.svc.cluster.local",
    "wiki.corp",
    "loopback.test",
    "127.0.0.1.nip.test",
    "127-0-0-1.sslip.test",
    "private.test",
    "metadata.test",
    "mixed.test",
    "mixed-last.test",
    "mapped.test",
    "nat64.test",
    "sixtofour.test",
    "linklocal.test",
    "multicast.test",
    "unspecified.test",
    "ÄÖ.privat.test",
]

_ANSWERS = {
    "loopback.test": ["127.0.0.1", "::1"],
    "127.0.0.1.nip.test": ["127.0.0.1"],
    "127-0-0-1.sslip.test": ["127.0.0.1"],
    "private.test": ["10.1.2.3"],
    "metadata.test": ["169.254.169.254"],
    "mixed.test": ["10.0.0.1", "93.184.216.34"],
    "mixed-last.test": ["93.184.216.34", "2606:4700::1", "fd00::1"],
    "mapped.test": ["::ffff:127.0.0.1"],
    "nat64.test": ["64:ff9b::7f00:1"],
    "sixtofour.test": ["2002:7f00:1::"],
    "linklocal.test": ["fe80::1%eth0"],
    "multicast.test": ["ff02::1"],
    "unspecified.test": ["::"],
    "xn--4ca0b.privat.test": ["192.168.0.10"],
}


def answers(name: str) -> list[str]:
    """Resolve as an attacker's name server would; a name not listed leads to a public address."""
    return _ANSWERS.get(name, ["93.184.216.34"])


# Whole URLs: other schemes, other parsers' favourites, ports of other services.
URLS = [
    "",
    "https",
    "https:",
    "https:/",
    "https://",
    "https:///",
    "https:///path",
    "https:example.com",
    "https:/example.com",
    "//example.com/",
    "/path",
    "example.com",
    " https://example.com/",
    "https://example.com/ ",
    "https://example.com/\n",
    "https://example.com/a b",
    "https://example.com/a\tb",
    "https://example.com/\r\nX-Evil: 1",
    "https://example.com/\x00",
    "https://example.com/\x7f",
    "https://example.com/\u2028",
    "https://example.com/\u3000",
    "https://example.com/\ud800",
    "https://example.com\\",
    "https:\\\\example.com\\",
    "https://example.com/a\\b",
    "ht\ntps://example.com/",
    "https\u200b://example.com/",
    "ht\u0442ps://example.com/",  # a Cyrillic t
    "http://example.com/",
    "HTTP://example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "FILE:///etc/passwd",
    "dict://example.com:11211/stats",
    "gopher://example.com:25/_HELO",
    "sftp://example.com/",
    "tftp://example.com:69/x",
    "ldap://example.com/%0astats%0aquit",
    "netdoc:///etc/passwd",
    "jar:https://example.com/!/a",
    "data:text/plain,hello",
    "javascript:alert(1)",
    "ws://example.com/",
    "wss://example.com/",
    "unix:///var/run/docker.sock",
    "http+unix://%2fvar%2frun%2fdocker.sock/info",
    "0://example.com:80;http://example.com:80/",
    "url:https://example.com/",
    "view-source:https://example.com/",
    "https://1.1.1.1 &@2.2.2.2# @3.3.3.3/",
    "https://127.1.1.1:443\\@127.2.2.2:443/",
    "https://127.1.1.1:443\\@@127.2.2.2:443/",
    "https://127.1.1.1:443:\\@@127.2.2.2:443/",
    "https://127.1.1.1:443#\\@127.2.2.2:443/",
    "https://127.1.1.1:443#@example.com/",
    "https://127.1.1.1:443?@example.com/",
    "https://example.com:443@127.0.0.1/",
    "https://example.com#@127.0.0.1\\/",
    "https://@127.0.0.1/",
    "https://@example.com/",
    "https://:@example.com/",
    "https://user@example.com/",
    "https://user:secret@example.com/",
    "https://a@b@example.com/",
    "https://example.com%40127.0.0.1/",
    "https://example.com:22/",
    "https://example.com:25/",
    "https://example.com:80/",
    "https://example.com:2375/",
    "https://example.com:5432/",
    "https://example.com:6379/",
    "https://example.com:9200/",
    "https://example.com:11211/",
    "https://example.com:65535/",
    f"https://example.com/{'a' * 4096}",
]
