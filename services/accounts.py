"""Accounts and who is calling on whose behalf."""

from dataclasses import dataclass, replace

from core import clock, ids
from core.errors import Conflict, InvalidInput, NotFound, Violation
from models import account as table
from models import base
from services import plans
from services.plans import Plan


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose request this is: an account, its limits, the key or user, and the address (None in jobs and commands)."""

    account_id: str
    account_number: int
    plan: Plan
    key_id: str | None = None
    scopes: frozenset[str] = frozenset()
    address: str | None = None
    user_id: str | None = None


@dataclass(frozen=True, slots=True)
class AccountView:
    id: str
    email: str
    plan: Plan
    created_at: str
    manager: str | None


def create(email: str, plan_name: str = "free") -> Caller:
    """Make an account; raise Conflict if the address has one, InvalidInput for a wrong address or plan."""
    require_email(email)
    plans.plan(plan_name)
    with base.transaction():
        if table.Account.get_or_none(table.Account.email == email.lower()):
            raise Conflict(f"There is already an account for {email}.")
        table.Account.create(id=ids.new("acc"), email=email.lower(), plan=plan_name, created_at=clock.now_stamp())
    return by_email(email)


def require_email(email: str) -> None:
    """Raise InvalidInput unless this can be an email address."""
    local, _, host = email.partition("@")
    if not local or not host or "@" in host or len(email) > 254 or not email.isprintable() or " " in email:
        problem = Violation("body", "email", "wrong_format", "must be an email address", "/email")
        raise InvalidInput(f"{email[:64]!r} is not an email address.", [problem])


def by_email(email: str) -> Caller:
    """Return the account with this address; raise NotFound."""
    return _caller(table.Account.get_or_none(table.Account.email == email.lower()), email)


def by_id(account_id: str) -> Caller:
    """Return the account with this id, for work done on its behalf; raise NotFound."""
    return _caller(table.Account.get_or_none(table.Account.id == account_id), account_id)


def for_user(account_id: str, user_id: str, address: str | None = None) -> Caller:
    """Return the account as one of its members sees it. Raise NotFound. That they are one, the session knows."""
    return replace(by_id(account_id), user_id=user_id, address=address)


def set_manager(caller: Caller, manager: str) -> None:
    """Say who looks after an account; nobody for an empty text."""
    table.set_manager(caller.account_id, manager.strip()[:200] or None)


def view(caller: Caller) -> AccountView:
    """Return what the account may know about itself."""
    row = table.Account.get(table.Account.id == caller.account_id)
    return AccountView(row.id, row.email, caller.plan, row.created_at, row.manager)


def _caller(row: table.Account | None, name: str) -> Caller:
    if row is None:
        raise NotFound(f"There is no account {name}.")
    return Caller(row.id, row.number, plans.plan(row.plan, row.limits))
