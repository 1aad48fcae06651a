"""API keys: made with some of the maker's scopes, shown once, revoked at once."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from core import api_key, clock, config, ids
from core.errors import ExpiredApiKey, InsufficientScope, InvalidApiKey, InvalidInput, NotFound, Violation
from models import account as table
from models import base
from services import pages, plans
from services.accounts import Caller

SCOPES = (
    "leads:read",
    "scans:read",
    "scans:write",
    "exports:read",
    "exports:write",
    "webhooks:read",
    "webhooks:write",
    "api_keys:read",
    "api_keys:write",
    "account:read",
    "catalog:read",
)
_USE_IS_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What may be told of a key."""

    id: str
    name: str
    scopes: list[str]
    last4: str
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None


def create(caller: Caller, name: str, scopes: Iterable[str], expires_at: str | None = None) -> tuple[ApiKey, str]:
    """Return the new key's description and the key itself, which is never shown again.

    Raise InsufficientScope for a scope that the caller's own key lacks, PlanLimitExceeded for one key too many,
    InvalidInput for a time that has passed.
    """
    wanted = [scope for scope in SCOPES if scope in set(scopes)]
    _require_own_scopes(caller, wanted)
    key, now = api_key.generate(), clock.now_stamp()
    row = {
        "id": ids.new("key"), "account_id": caller.account_id, "name": name, "digest": _digest(key),
        "last4": api_key.last4(key), "scopes": wanted, "created_at": now, "expires_at": _future(expires_at),
    }  # fmt: skip
    with base.transaction():
        table.lock(caller.account_id)
        caller.plan.require("api_keys", table.count_valid_keys(caller.account_id, now) + 1)
        table.ApiKey.insert(**row).execute()
    return get(caller, str(row["id"])), key


def page(caller: Caller, limit: int, cursor: str | None = None) -> pages.Page:
    """Return a page of the account's keys, newest first, revoked ones included."""

    def fetch(count: int, after: str | None) -> list[ApiKey]:
        return [ApiKey(**row) for row in table.keys(caller.account_id, count, after)]

    return pages.newest_first(caller, "list_api_keys", limit, cursor, fetch, lambda key: str(key.id))


def get(caller: Caller, key_id: str) -> ApiKey:
    """Raise NotFound unless the account has this key."""
    row = table.key(caller.account_id, key_id)
    if row is None:
        raise NotFound("There is no API key with this id.")
    return ApiKey(**row)


def revoke(caller: Caller, key_id: str) -> None:
    """Make the key stop working with the next request; revoking it again changes nothing. Raise NotFound."""
    with base.transaction():
        get(caller, key_id)
        table.revoke(caller.account_id, key_id, clock.now_stamp())


def authenticate(key: str) -> Caller:
    """Return whose key this is, in one query; raise InvalidApiKey or ExpiredApiKey.

    The checksum refuses a mistyped key before the database is asked. Every call asks the database, so a
    revoked key stops working at once, in every process.
    """
    row = table.credential(_digest(key)) if api_key.well_formed(key) else None
    if row is None or row["revoked_at"] is not None:
        raise InvalidApiKey("This API key is not valid. Check that it is complete and was not revoked.")
    now = clock.now()
    if row["expires_at"] is not None and row["expires_at"] <= clock.stamp(now):
        raise ExpiredApiKey("This API key has expired. Create a new one.")
    if row["last_used_at"] is None or row["last_used_at"] <= clock.stamp(now - _USE_IS_NOTED_EVERY):
        table.note_use(row["id"], clock.stamp(now.replace(second=0, microsecond=0)))
    plan = plans.plan(row["plan"], row["limits"])
    return Caller(row["account_id"], row["number"], plan, row["id"], frozenset(row["scopes"]))


def as_dict(key: ApiKey) -> dict[str, Any]:
    return asdict(key)


def _require_own_scopes(caller: Caller, wanted: list[str]) -> None:
    lacking = [scope for scope in wanted if caller.key_id is not None and scope not in caller.scopes]
    if lacking:
        raise InsufficientScope(f"Your key lacks {', '.join(lacking)}, so it cannot give that to another key.")


def _future(moment: str | None) -> str | None:
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


def _digest(key: str) -> str:
    return api_key.digest(key, config.current().secret("api-keys"))
