"""Examines an installation from inside: each part in one line, and what to do about what is wrong."""

import shutil
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from core import blobs, clock, ids, limits
from core.config import KEY_FILE, Settings
from models import base, job_admin, migrations

LOW_DISK_BYTES = 1_000_000_000
WAITING_S = 300.0
"""A job that could have run for so long tells that no job process does."""
CLOCK_S = 2.0
"""Leases and limits of several machines bear a little disagreement, not more."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about a part; ``ok`` is False where something must be done."""

    part: str
    ok: bool
    message: str


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield what is found, part after part. The settings must have been read and the tables bound to the database."""
    parts: list[tuple[str, Callable[[Settings], Finding]]] = [
        ("configuration", _configuration), ("database", _database), ("limits", _limits), ("storage", _storage),
        ("disk", _disk), ("clock", _clock), ("jobs", _jobs),
    ]  # fmt: skip
    for name, look in parts:
        try:
            yield look(settings)
        except Exception as error:  # a doctor who faints has found something, too
            yield Finding(name, False, f"{type(error).__name__}: {error}".splitlines()[0])


def _configuration(settings: Settings) -> Finding:
    key_file = settings.home / KEY_FILE
    if key_file.exists() and stat.S_IMODE(key_file.stat().st_mode) & 0o077:
        return Finding("configuration", False, f"others can read {key_file}: chmod 600 it")
    public = urlsplit(settings.public_url)
    if public.scheme not in ("http", "https") or not public.hostname:
        return Finding("configuration", False, f"MAPTARGETER_PUBLIC_URL is not a URL: {settings.public_url}")
    local = public.hostname in ("127.0.0.1", "localhost", "::1")
    if public.scheme == "http" and not local:
        return Finding("configuration", False, "MAPTARGETER_PUBLIC_URL is plain http: keys travel for all to read")
    return Finding("configuration", True, f"home {settings.home}, public address {settings.public_url}")


def _database(_: Settings) -> Finding:
    if migrations.pending():
        return Finding("database", False, "is of another version: run `maptargeter migrate`")
    began = time.monotonic()
    with base.connection(), base.transaction():
        base.rows("SELECT count(*) FROM schema_version")
    took_ms = round((time.monotonic() - began) * 1000)
    return Finding("database", True, f"{'SQLite' if base.is_sqlite() else 'PostgreSQL'} takes writes ({took_ms} ms)")


def _limits(settings: Settings) -> Finding:
    limiter = limits.Limiter.from_url(settings.limits_url)
    limiter.peek("doctor", 1)
    scheme = urlsplit(settings.limits_url).scheme
    if not limiter.healthy:
        return Finding("limits", False, f"the {scheme} store does not answer: each process counts for itself")
    return Finding("limits", True, f"counted in {scheme}")


def _storage(settings: Settings) -> Finding:
    store, key, said = blobs.open_store(settings.blobs_url), f"doctor/{ids.new('req')}", b"Are you well?"
    with store.create(key) as file:
        file.write(said)
    heard = b"".join(store.read(key))
    store.delete(key)
    scheme = urlsplit(settings.blobs_url).scheme
    return Finding("storage", heard == said, f"{scheme}: a file was written, read and deleted")


def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.home).free
    return Finding("disk", free >= LOW_DISK_BYTES, f"{free / 1e9:.1f} GB free at {settings.home}")


def _clock(settings: Settings) -> Finding:
    with base.connection():
        there = _moment_of_database(settings)
    apart = (clock.now() - there).total_seconds()
    if base.is_sqlite():
        late = f"the database was written to {-apart:.0f} s from now: this machine's clock was turned back"
        return Finding("clock", apart > -CLOCK_S, "not turned back" if apart > -CLOCK_S else late)
    ok = abs(apart) <= CLOCK_S
    told = f"{abs(apart):.1f} s {'ahead of' if apart > 0 else 'behind'} the database's"
    return Finding("clock", ok, told if ok else f"{told}: synchronise both (NTP)")


def _moment_of_database(settings: Settings) -> datetime:
    """Return what time it is for PostgreSQL; SQLite has no clock, but its file was never written in the future."""
    if not base.is_sqlite():
        [(seconds,)] = base.rows("SELECT extract(epoch FROM clock_timestamp())")
        return datetime.fromtimestamp(float(seconds), UTC)
    path = Path(unquote(settings.database_url.removeprefix("sqlite:///")))
    files = [path, path.with_name(f"{path.name}-wal")]
    return datetime.fromtimestamp(max(file.stat().st_mtime for file in files if file.exists()), UTC)


def _jobs(_: Settings) -> Finding:
    with base.connection():
        census, now = job_admin.census(), clock.now()
    ready = [(now - clock.parse(one.since)).total_seconds() for one in census if one.state == "ready"]
    if ready and max(ready) > WAITING_S:
        told = f"one could have run for {max(ready) / 60:.0f} minutes: is `maptargeter work` (or `serve`) running?"
        return Finding("jobs", False, told)
    dead = sum(one.number for one in census if one.state == "dead")
    if dead:
        return Finding("jobs", False, f"{dead} dead: see `maptargeter jobs list --state dead`")
    return Finding("jobs", True, f"{sum(one.number for one in census)} waiting or running, none dead")
