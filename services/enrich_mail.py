"""Whether an email address can be written to, as far as the DNS tells: nobody's mail server is asked.

The words are Hunter's (``valid``, ``invalid``, ``accept_all``, ``webmail``, ``disposable``, ``unknown``) where they
fit, and ours for what was really checked: ``syntax_ok`` (the address can be one), ``mx_ok`` (its domain takes mail),
``no_mx`` (it does not).
"""

import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache

import dns.exception
import dns.resolver

from core import config

LOOKUP_S = 3.0
QUIET_S = 60.0
KEPT_S = 6 * 3600.0
_MOST = 20_000


class MailCheck:
    """Asks a resolver for MX records, each domain once in a while. Thread-safe.

    Without a resolver, and for a minute after one did not answer, nothing is known: ``syntax_ok``. One that does not
    know the root of the DNS sees a network of its own only; what it says of the world does not count.
    """

    def __init__(self, resolver: dns.resolver.Resolver | None) -> None:
        self._resolver = resolver
        self._known: dict[str, tuple[bool, float]] = {}
        self._quiet_until = 0.0
        self._trusted = False
        self._lock = threading.Lock()

    def status(self, address: str, kind: str) -> str:
        """Return the word for an address whose syntax is good; ``kind`` as ``providers.website`` has it."""
        if kind == "webmail":
            return "webmail"
        takes_mail = self._takes_mail(address.rpartition("@")[2])
        return "syntax_ok" if takes_mail is None else "mx_ok" if takes_mail else "no_mx"

    def _takes_mail(self, domain: str) -> bool | None:
        now = time.monotonic()
        with self._lock:
            kept = self._known.get(domain)
            if kept and kept[1] > now:
                return kept[0]
            if self._resolver is None or self._quiet_until > now:
                return None
        found = self._ask(self._resolver, domain) if self._knows_the_root(self._resolver) else None
        with self._lock:
            if found is None:
                self._quiet_until = time.monotonic() + QUIET_S
            else:
                if len(self._known) >= _MOST:
                    self._known.clear()
                self._known[domain] = (found, now + KEPT_S)
        return found

    def _knows_the_root(self, resolver: dns.resolver.Resolver) -> bool:
        if not self._trusted:
            with suppress(dns.exception.DNSException, OSError):
                resolver.resolve(".", "NS", lifetime=LOOKUP_S)
                self._trusted = True
        return self._trusted

    def _ask(self, resolver: dns.resolver.Resolver, domain: str) -> bool | None:
        """A domain without MX takes mail at its address (RFC 5321 §5.1), one with the null MX takes none (RFC 7505)."""
        try:
            hosts = [answer.exchange.to_text() for answer in resolver.resolve(domain, "MX", lifetime=LOOKUP_S)]
            return hosts != ["."]
        except dns.resolver.NXDOMAIN:
            return False
        except dns.resolver.NoAnswer:
            return self._has_address(resolver, domain)
        except (dns.exception.DNSException, OSError):
            return None

    def _has_address(self, resolver: dns.resolver.Resolver, domain: str) -> bool | None:
        for kind in ("A", "AAAA"):
            try:
                resolver.resolve(domain, kind, lifetime=LOOKUP_S)
                return True
            except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN):
                continue
            except (dns.exception.DNSException, OSError):
                return None
        return False


@cache
def system_check() -> MailCheck:
    """Return the check with this machine's resolver, or without one."""
    if config.current().crawler_local:
        return MailCheck(None)
    try:
        return MailCheck(dns.resolver.Resolver())
    except (dns.exception.DNSException, OSError):
        return MailCheck(None)


def statuses(check: MailCheck, addresses: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the status of each (address, kind)."""
    return {address: check.status(address, kind) for address, kind in addresses}
