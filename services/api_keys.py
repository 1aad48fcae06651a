"""API keys: made, used, changed, replaced with an overlap, revoked at once. What is allowed stands in ``key_rules``.

A key itself is shown once and kept nowhere. Every change is in the audit log, in the same transaction.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from core import api_key, clock, config, ids
from core.errors import Conflict, ExpiredApiKey, InvalidApiKey, NotFound
from models import account as table
from models import base
from services import audit, key_rules, pages, plans
from services.accounts import Caller
from services.key_rules import ApiKey

SCOPES = key_rules.SCOPES
SESSION_KEY_LASTS = timedelta(hours=1)
_USE_IS_NOTED_EVERY = timedelta(minutes=1)
_NO_KEY = "There is no API key with this id, or it was revoked."


def create(caller: Caller, name: str, scopes: Iterable[str], expires_at: str | None = None) -> tuple[ApiKey, str]:
    """Return the new key's description and the key itself, which is never shown again.

    Raise InsufficientScope for a scope that the caller's own key lacks, PlanLimitExceeded for one key too many,
    InvalidInput for a time that has passed.
    """
    wanted = key_rules.ordered(scopes)
    key_rules.require_own_scopes(caller, wanted)
    made, key = _new(name, wanted, key_rules.future(expires_at))
    with base.transaction():
        table.lock(caller.account_id)
        caller.plan.require("api_keys", table.count_valid_keys(caller.account_id, made.created_at) + 1)
        _insert(caller, made, key)
        audit.record(caller, audit.KEY_CREATED, made.id, after=key_rules.audited(made))
    return made, key


def create_for_session(caller: Caller, who: str, scopes: Iterable[str], session_id: str) -> tuple[ApiKey, str]:
    """Return a key that ends with a log-in, or after SESSION_KEY_LASTS.

    It takes no place of the plan's, so it is not listed, and cannot be changed or replaced to live longer.
    """
    until = clock.stamp(clock.now() + SESSION_KEY_LASTS)
    made, key = _new(f"Console of {who}"[:100], key_rules.ordered(scopes), until)
    with base.transaction():
        _insert(caller, made, key, session_id)
        audit.record(caller, audit.KEY_CREATED, made.id, after=key_rules.audited(made))
    return made, key


def page(caller: Caller, limit: int, cursor: str | None = None, *, revoked: bool = False) -> pages.Page:
    """Return a page of the account's keys, newest first: those that stand, or those that were revoked."""

    def fetch(count: int, after: str | None) -> list[ApiKey]:
        return [ApiKey(**row) for row in table.keys(caller.account_id, count, after, revoked=revoked)]

    listed = f"list_api_keys revoked={revoked}"
    return pages.newest_first(caller, listed, limit, cursor, fetch, lambda key: str(key.id))


def get(caller: Caller, key_id: str) -> ApiKey:
    """Raise NotFound unless the account has this key; a revoked one is only listed."""
    row = table.key(caller.account_id, key_id)
    if row is None:
        raise NotFound(_NO_KEY)
    return ApiKey(**row)


def names(caller: Caller, key_ids: Collection[str]) -> dict[str, str]:
    """Return what those of the keys that are the account's are called, by id, also those that do not work any more."""
    return table.key_names(caller.account_id, key_ids)


def update(caller: Caller, key_id: str, changes: Mapping[str, Any]) -> ApiKey:
    """Set some of ``name``, ``scopes`` and ``expires_at`` (None: never), from the key's next request on.

    Raise NotFound; InsufficientScope if the key has or gets a scope that the caller's own lacks; Conflict for a key
    that has expired, and for one that was replaced and would live longer; InvalidInput for a time that has passed.
    """
    with base.transaction():
        table.lock(caller.account_id)
        before = get(caller, key_id)
        after = key_rules.changed(before, changes)
        key_rules.require_own_scopes(caller, [*before.scopes, *after.scopes])
        key_rules.require_working(before)
        if after != before:
            _store(caller, before, after, audit.KEY_UPDATED)
    return after


def rotate(caller: Caller, key_id: str, overlap: timedelta) -> tuple[ApiKey, str]:
    """Replace a key; return its successor's description and the successor itself, which is never shown again.

    The successor has the same name, scopes and length of life. The old key works for ``overlap`` more, if it would
    have; with no overlap it is revoked. No more keys may overlap than the plan allows keys.

    Raise NotFound, InsufficientScope if the caller's own key lacks one of its scopes, Conflict for a key that has
    expired or was replaced before, PlanLimitExceeded for one overlap too many.
    """
    with base.transaction():
        table.lock(caller.account_id)
        old = get(caller, key_id)
        key_rules.require_own_scopes(caller, old.scopes)
        key_rules.require_working(old)
        if old.replaced_by:
            raise Conflict(f"This key was already replaced, by {old.replaced_by}.")
        made, key = _new(old.name, old.scopes, key_rules.as_long_as(old), replaces=old.id)
        if overlap:
            overlapping = table.count_valid_keys(caller.account_id, made.created_at, replaced=True)
            caller.plan.require("api_keys", overlapping + 1)
        _insert(caller, made, key)
        _store(caller, old, key_rules.replaced(old, made, overlap), audit.KEY_ROTATED)
    return made, key


def revoke(caller: Caller, key_id: str) -> None:
    """Make the key stop working with the next request. Raise NotFound, also for a key that was revoked before."""
    now = clock.now_stamp()
    with base.transaction():
        if not table.revoke(caller.account_id, key_id, now):
            raise NotFound(_NO_KEY)
        audit.record(caller, audit.KEY_REVOKED, key_id, after={"revoked_at": now})


def revoke_found(key: str) -> None:
    """Revoke a key that somebody found, and tell its account in its audit log; do nothing if it is none.

    Nothing tells the finder which it was. The checksum keeps made-up texts away from the database.
    """
    row = table.credential(_digest(key)) if api_key.well_formed(key) else None
    if row is None:
        return
    now = clock.now_stamp()
    with base.transaction():
        if table.revoke(row["account_id"], row["id"], now):
            audit.record_finder(row["account_id"], audit.KEY_REVOKED_BY_FINDER, row["id"], after={"revoked_at": now})


def authenticate(key: str, address: str | None = None) -> Caller:
    """Return whose key this is, in one query; raise InvalidApiKey or ExpiredApiKey.

    The checksum refuses a mistyped key before the database is asked. Every call asks the database, so a
    revoked key stops working at once, in every process. ``address`` is the client's, for the audit log.
    """
    row = table.credential(_digest(key)) if api_key.well_formed(key) else None
    if row is None:
        raise InvalidApiKey("This API key is not valid. Check that it is complete and was not revoked.")
    now = clock.now()
    if row["expires_at"] is not None and row["expires_at"] <= clock.stamp(now):
        raise ExpiredApiKey("This API key has expired. Create a new one.")
    if row["last_used_at"] is None or row["last_used_at"] <= clock.stamp(now - _USE_IS_NOTED_EVERY):
        table.note_use(row["id"], clock.stamp(now.replace(second=0, microsecond=0)))
    plan = plans.plan(row["plan"], row["limits"])
    return Caller(row["account_id"], row["number"], plan, row["id"], frozenset(row["scopes"]), address)


def as_dict(key: ApiKey) -> dict[str, Any]:
    return asdict(key)


def _new(name: str, scopes: list[str], expires_at: str | None, replaces: str | None = None) -> tuple[ApiKey, str]:
    key = api_key.generate()
    made = ApiKey(
        id=ids.new("key"), name=name, scopes=scopes, last4=api_key.last4(key), created_at=clock.now_stamp(),
        expires_at=expires_at, last_used_at=None, revoked_at=None, replaces=replaces, replaced_by=None,
    )  # fmt: skip
    return made, key


def _insert(caller: Caller, made: ApiKey, key: str, session_id: str | None = None) -> None:
    row = as_dict(made) | {"account_id": caller.account_id, "digest": _digest(key), "session_id": session_id}
    table.ApiKey.insert(**row).execute()


def _store(caller: Caller, before: ApiKey, after: ApiKey, action: str) -> None:
    table.change(caller.account_id, before.id, key_rules.columns(after, before))
    audit.record(caller, action, before.id, key_rules.audited(before), key_rules.audited(after))


def _digest(key: str) -> str:
    return api_key.digest(key, config.current().secret("api-keys"))
