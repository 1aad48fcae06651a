"""The audit log of an account: who did what to its keys, webhook endpoints and members, and from where.

An entry is written in the transaction of what it tells of: there is one if and only if that happened. Who calls
``record`` sees to it that no secret is among the facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core import clock, ids
from models import audit as table
from models import base
from services import pages
from services.accounts import Caller

KEY_CREATED = "api_key.created"
KEY_UPDATED = "api_key.updated"
KEY_ROTATED = "api_key.rotated"
KEY_REVOKED = "api_key.revoked"
KEY_REVOKED_BY_FINDER = "api_key.revoked_by_finder"
ENDPOINT_CREATED = "webhook_endpoint.created"
ENDPOINT_UPDATED = "webhook_endpoint.updated"
ENDPOINT_ROTATED = "webhook_endpoint.secret_rotated"
ENDPOINT_DISABLED = "webhook_endpoint.disabled"
ENDPOINT_DELETED = "webhook_endpoint.deleted"
LOGGED_IN = "user.logged_in"
PASSWORD_CHANGED = "user.password_changed"  # noqa: S105 - the name of an action
INVITED = "member.invited"
INVITATION_WITHDRAWN = "member.invitation_withdrawn"
JOINED = "member.joined"
ROLE_CHANGED = "member.role_changed"
REMOVED = "member.removed"
SUPPRESSION_CREATED = "suppression.created"
SUPPRESSION_DELETED = "suppression.deleted"
OPERATOR = "operator"  # a command on the server
SYSTEM = "system"  # MapTargeter by itself
FINDER = "finder"  # somebody without a key, of whom no address is kept: they did the account a favour

Facts = Mapping[str, Any]
NONE: Facts = {}


@dataclass(frozen=True, slots=True)
class Change:
    """One property as text, before and after; None where it had no value."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing done. ``actor`` is the id of a key or user, ``operator``, ``system`` or ``finder``."""

    id: str
    at: str
    action: str
    actor: str
    target_id: str
    changes: list[Change]
    address: str | None


def record(caller: Caller, action: str, target_id: str, before: Facts = NONE, after: Facts = NONE) -> None:
    """Write what ``caller`` did, inside its transaction; raise RuntimeError outside one.

    ``before`` and ``after`` are the properties of the target that are worth telling; those that differ are kept.
    """
    _write(
        caller.account_id, caller.key_id or caller.user_id or OPERATOR, caller.address, action, target_id, before, after
    )


def record_finder(account_id: str, action: str, target_id: str, before: Facts = NONE, after: Facts = NONE) -> None:
    """Write what somebody without a key did to something of ``account_id``; otherwise as ``record``."""
    _write(account_id, FINDER, None, action, target_id, before, after)


def record_own(account_id: str, action: str, target_id: str, before: Facts = NONE, after: Facts = NONE) -> None:
    """Write what MapTargeter did by itself to something of ``account_id``; otherwise as ``record``."""
    _write(account_id, SYSTEM, None, action, target_id, before, after)


def page(caller: Caller, limit: int, cursor: str | None = None) -> pages.Page:
    """Return a page of the account's ``Entry``s, newest first."""

    def fetch(count: int, after: str | None) -> list[Entry]:
        return [_entry(row) for row in table.entries(caller.account_id, count, after)]

    return pages.newest_first(caller, "list_audit_entries", limit, cursor, fetch, lambda entry: str(entry.id))


def difference(before: Facts, after: Facts) -> list[Change]:
    """Return the properties that are not the same, in the order in which they are named; lists joined by spaces."""
    names = dict.fromkeys([*before, *after])
    changes = [Change(name, _text(before.get(name)), _text(after.get(name))) for name in names]
    return [change for change in changes if change.before != change.after]


def _write(
    account_id: str, actor: str, address: str | None, action: str, target_id: str, before: Facts, after: Facts
) -> None:
    if not base.database.in_transaction():
        raise RuntimeError("an audit entry is written in the transaction of what it tells of")
    changes = [[change.field, change.before, change.after] for change in difference(before, after)]
    table.write(
        {
            "id": ids.new("aud"), "account_id": account_id, "at": clock.now_stamp(), "action": action, "actor": actor,
            "target_id": target_id, "changes": changes, "address": address,
        }
    )  # fmt: skip


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(**row | {"changes": [Change(*change) for change in row["changes"]]})


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
