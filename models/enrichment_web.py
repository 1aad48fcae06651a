"""What is known of the web whoever asked: hosts with their robots.txt and pace, and what each site said when last read.

Public page facts only, shared by all accounts. A host is visited by one holder at a time, in whatever process: the
lease is what keeps the pace, together with ``next_at``, the earliest moment of the next request.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import peewee

from models import base
from models.base import JSONText, Stamp

Row = dict[str, Any]


class WebHost(base.Model):
    """``robots``: {origin: {"state", "text", "at"}} as ``services.enrich_robots`` keeps them."""

    host = peewee.CharField(max_length=260, primary_key=True)
    token = peewee.CharField(max_length=80, null=True)
    lease_until = Stamp(null=True)
    next_at = Stamp(null=True)
    robots = JSONText(default=dict)


class WebSite(base.Model):
    """The last visit of a site. ``pages`` are what was read: [{"url", "etag", "last_modified"}].

    ``reader`` is the version of the code that read it: another one reads it anew. Telephone numbers depend on the
    country they are read for, hence one row for each.
    """

    key = peewee.CharField(max_length=200)
    country = peewee.CharField(max_length=2)
    url = peewee.TextField()
    status = peewee.CharField(max_length=20)
    result = JSONText(null=True)
    pages = JSONText(default=list)
    error = peewee.TextField(null=True)
    reader = peewee.CharField(max_length=20)
    checked_at = Stamp()

    class Meta:
        primary_key = peewee.CompositeKey("key", "country")


TABLES: tuple[type[base.Model], ...] = (WebHost, WebSite)

_LEASE = """
    INSERT INTO web_host (host, token, lease_until, robots) VALUES (?, ?, ?, '{}')
    ON CONFLICT (host) DO UPDATE SET token = excluded.token, lease_until = excluded.lease_until
    WHERE (web_host.token IS NULL OR web_host.lease_until <= ?) AND (web_host.next_at IS NULL OR web_host.next_at <= ?)
    RETURNING host, robots, next_at
"""


def lease(hosts: Iterable[str], token: str, now: str, until: str) -> dict[str, Mapping[str, Any]]:
    """Take those of the hosts that nobody visits and whose pace allows a request now; return each one's robots."""
    taken: dict[str, Mapping[str, Any]] = {}
    for host in sorted(hosts):
        for name, robots, _ in base.rows(_LEASE, (host, token, until, now, now)):
            taken[name] = JSONText().python_value(robots)
    return taken


def renew(token: str, until: str) -> set[str]:
    """Hold on to what is held under the token; return the hosts."""
    sql = "UPDATE web_host SET lease_until = ? WHERE token = ? RETURNING host"
    return {host for (host,) in base.rows(sql, (until, token))}


def release(token: str, host: str, next_at: str, robots: Mapping[str, Any]) -> None:
    """Let a host go, with what was learnt of it; nothing happens if it is not held any more."""
    mine = (WebHost.host == host) & (WebHost.token == token)
    WebHost.update(token=None, lease_until=None, next_at=next_at, robots=robots).where(mine).execute()


def release_all(token: str, next_at: str) -> None:
    """Let everything go that is held under the token."""
    WebHost.update(token=None, lease_until=None, next_at=next_at).where(WebHost.token == token).execute()


def sites(keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Row]:
    """Return what is known of sites, by (key, country)."""
    found: dict[tuple[str, str], Row] = {}
    for chunk in peewee.chunked(sorted({key for key, _ in keys}), 400):
        query: Any = WebSite.select().where(WebSite.key.in_(chunk))
        found |= {(row["key"], row["country"]): row for row in query.dicts()}
    return {pair: found[pair] for pair in keys if pair in found}


def fresh(keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, str, str]]:
    """Return (status, reader, when) of what is known of sites: enough to tell what is fresh, and little."""
    found: dict[tuple[str, str], tuple[str, str, str]] = {}
    for chunk in peewee.chunked(sorted({key for key, _ in keys}), 400):
        query: Any = WebSite.select(
            WebSite.key, WebSite.country, WebSite.status, WebSite.reader, WebSite.checked_at
        ).where(WebSite.key.in_(chunk))
        found |= {(key, country): (status, reader, at) for key, country, status, reader, at in query.tuples()}
    return found


def write_site(row: Row) -> None:
    """Write what a visit came to, over what was known before."""
    WebSite.insert(row).on_conflict(
        conflict_target=[WebSite.key, WebSite.country],
        preserve=[WebSite.url, WebSite.status, WebSite.result, WebSite.pages, WebSite.error, WebSite.reader,
                  WebSite.checked_at],
    ).execute()  # fmt: skip
