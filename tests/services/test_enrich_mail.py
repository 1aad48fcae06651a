"""What the DNS says of mail, asked of a name server on loopback."""

import socket
import threading
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from services.enrich_mail import MailCheck

RECORDS = {
    (".", "NS"): "a.root-servers.net.",
    ("mail.example.", "MX"): "10 mx.mail.example.",
    ("none.example.", "MX"): "0 .",
    ("bare.example.", "A"): "192.0.2.1",
    ("empty.example.", "TXT"): '"nothing"',
}


class NameServer:
    """Answers from ``records``; what it has no name for does not exist."""

    def __init__(self, records: dict[tuple[str, str], str]) -> None:
        self.records = records
        self.asked: list[str] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                data, client = self.socket.recvfrom(4096)
            except OSError:
                return
            if data:
                self.socket.sendto(self.answer(dns.message.from_wire(data)), client)

    def answer(self, query: dns.message.Message) -> bytes:
        [question] = query.question
        name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append(name)
        made = dns.message.make_response(query)
        made.flags |= dns.flags.RA
        if (name, kind) in self.records:
            made.answer.append(dns.rrset.from_text(name, 60, "IN", kind, self.records[name, kind]))
        elif all(name != known for known, _ in self.records):
            made.set_rcode(dns.rcode.NXDOMAIN)
        return made.to_wire()

    def check(self) -> MailCheck:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], self.socket.getsockname()[1]
        return MailCheck(resolver)


@pytest.fixture
def server() -> Iterator[NameServer]:
    made = NameServer(dict(RECORDS))
    yield made
    made.socket.close()


@pytest.mark.parametrize(
    ("address", "kind", "status"),
    [
        ("info@mail.example", "role", "mx_ok"),
        ("jane@bare.example", "person", "mx_ok"),
        ("info@none.example", "role", "no_mx"),
        ("info@empty.example", "role", "no_mx"),
        ("info@nowhere.example", "role", "no_mx"),
        ("me@gmail.example", "webmail", "webmail"),
    ],
)
def test_statuses(server: NameServer, address: str, kind: str, status: str) -> None:
    assert server.check().status(address, kind) == status


def test_each_domain_is_asked_for_once(server: NameServer) -> None:
    check = server.check()
    for name in ("a", "b", "c"):
        check.status(f"{name}@mail.example", "person")
    assert server.asked == [".", "mail.example."]


def test_a_resolver_that_knows_only_its_own_network_does_not_count(server: NameServer) -> None:
    del server.records[".", "NS"]
    check = server.check()
    assert check.status("info@nowhere.example", "role") == "syntax_ok"
    assert check.status("info@elsewhere.example", "role") == "syntax_ok"
    assert server.asked == ["."]


def test_without_a_resolver_nothing_is_known() -> None:
    assert MailCheck(None).status("info@mail.example", "role") == "syntax_ok"
