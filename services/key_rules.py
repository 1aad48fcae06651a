"""What may become of an API key: the decisions, apart from the database.

A key has power over other keys only as far as its own scopes go: whatever it makes, changes or replaces has no scope
that it lacks. Revoking is the exception, because taking rights away is always safe.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from core import clock
from core.errors import Conflict, InsufficientScope, InvalidInput, Violation
from services.accounts import Caller

SCOPES = (
    "leads:read",
    "leads:write",
    "suppressions:read",
    "suppressions:write",
    "support:read",
    "support:write",
    "scans:read",
    "scans:write",
    "enrichments:read",
    "enrichments:write",
    "exports:read",
    "exports:write",
    "webhooks:read",
    "webhooks:write",
    "api_keys:read",
    "api_keys:write",
    "account:read",
    "audit:read",
    "catalog:read",
)
_AUDITED = ("name", "scopes", "expires_at", "revoked_at", "replaces", "replaced_by")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What may be told of a key. ``replaces`` and ``replaced_by`` are ids of keys."""

    id: str
    name: str
    scopes: list[str]
    last4: str
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None
    replaces: str | None
    replaced_by: str | None


def changed(key: ApiKey, changes: Mapping[str, Any]) -> ApiKey:
    """Return the key with another ``name``, ``scopes`` or ``expires_at``; raise InvalidInput for a time gone by.

    Raise Conflict if the key was replaced and would live longer for it.
    """
    wanted = dict(changes)
    if "scopes" in wanted:
        wanted["scopes"] = ordered(wanted["scopes"])
    if "expires_at" in wanted:
        wanted["expires_at"] = future(wanted["expires_at"])
    after = replace(key, **wanted)
    if key.replaced_by and _lives_longer(after, key):
        raise Conflict(f"This key was replaced by {key.replaced_by}: it can end earlier, but not later.")
    return after


def replaced(old: ApiKey, successor: ApiKey, overlap: timedelta) -> ApiKey:
    """Return what is left of a key that has a successor: it works for ``overlap`` more, or is revoked."""
    if not overlap:
        return replace(old, replaced_by=successor.id, revoked_at=successor.created_at)
    until = clock.stamp(clock.parse(successor.created_at) + overlap)
    return replace(old, replaced_by=successor.id, expires_at=min(until, old.expires_at or until))


def as_long_as(key: ApiKey) -> str | None:
    """Return when a key made now expires, if it is to live as long as ``key`` was made to."""
    if key.expires_at is None:
        return None
    try:
        return clock.stamp(clock.now() + (clock.parse(key.expires_at) - clock.parse(key.created_at)))
    except OverflowError:  # to the end of the calendar
        return key.expires_at


def columns(after: ApiKey, before: ApiKey) -> dict[str, Any]:
    """Return what differs."""
    was = asdict(before)
    return {name: value for name, value in asdict(after).items() if value != was[name]}


def audited(key: ApiKey) -> dict[str, Any]:
    """Return what the audit log tells of a key."""
    return {name: getattr(key, name) for name in _AUDITED}


def ordered(scopes: Iterable[str]) -> list[str]:
    """Return the scopes in the order of the contract, each once."""
    wanted = set(scopes)
    return [scope for scope in SCOPES if scope in wanted]


def future(moment: str | None) -> str | None:
    """Return a time as it is stored, or None for never; raise InvalidInput unless it is still to come."""
    if moment is None:
        return None
    try:
        parsed = clock.parse(moment)
    except ValueError:
        parsed = None
    if parsed is None or parsed <= clock.now():
        problem = Violation("body", "expires_at", "not_allowed", "must be a time in the future", "/expires_at")
        raise InvalidInput("A key that has already expired is of no use.", [problem])
    return clock.stamp(parsed)


def require_working(key: ApiKey) -> None:
    """Raise Conflict for a key that has expired: it never comes back."""
    if key.expires_at is not None and key.expires_at <= clock.now_stamp():
        raise Conflict("This key has expired, for good. Create a new one.")


def require_own_scopes(caller: Caller, wanted: Iterable[str]) -> None:
    """Raise InsufficientScope for what the caller's key lacks; commands have every scope."""
    lacking = [scope for scope in ordered(wanted) if scope not in caller.scopes]
    if lacking and caller.key_id is not None:
        raise InsufficientScope(
            f"Your key lacks {', '.join(lacking)}. It has no power over a key with scopes that it lacks."
        )


def _lives_longer(after: ApiKey, before: ApiKey) -> bool:
    return before.expires_at is not None and (after.expires_at is None or after.expires_at > before.expires_at)
