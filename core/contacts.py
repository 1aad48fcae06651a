"""The form in which email addresses and domains are compared, whoever wrote them down."""

from collections.abc import Iterable
from urllib.parse import urlsplit


def email(address: str) -> str:
    """Return the form in which addresses are the same: ASCII letters in lower case."""
    return address.strip().encode(errors="replace").lower().decode()


def domains(websites: Iterable[str], emails: Iterable[str]) -> set[str]:
    """Return every domain that these belong to: ``shop.example.com`` is of itself and of ``example.com``."""
    hosts = [urlsplit(url).hostname or "" for url in websites]
    hosts += [address.rpartition("@")[2] for address in emails]
    return {domain for host in hosts for domain in above(host.lower().rstrip("."))}


def above(host: str) -> list[str]:
    """Return a host and the domains above it that have at least two labels; nothing for no host."""
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]
