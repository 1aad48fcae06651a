"""Accounts and who is calling on whose behalf."""

from dataclasses import dataclass

from core import clock, ids
from core.errors import Conflict, InvalidInput, NotFound
from models import account as table
from models import base
from services import plans
from services.plans import Plan


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose request this is: an account, its limits, and the key and address (None inside jobs and commands)."""

    account_id: str
    account_number: int
    plan: Plan
    key_id: str | None = None
    scopes: frozenset[str] = frozenset()
    address: str | None = None


@dataclass(frozen=True, slots=True)
class AccountView:
    id: str
    email: str
    plan: Plan
    created_at: str


def create(email: str, plan_name: str = "free") -> Caller:
    """Make an account; raise Conflict if the address has one, InvalidInput for a wrong address or plan."""
    if email.count("@") != 1 or len(email) > 254 or any(character.isspace() for character in email):
        raise InvalidInput(f"{email[:64]!r} is not an email address.")
    plans.plan(plan_name)
    with base.transaction():
        if table.Account.get_or_none(table.Account.email == email.lower()):
            raise Conflict(f"There is already an account for {email}.")
        table.Account.create(id=ids.new("acc"), email=email.lower(), plan=plan_name, created_at=clock.now_stamp())
    return by_email(email)


def by_email(email: str) -> Caller:
    """Return the account with this address; raise NotFound."""
    return _caller(table.Account.get_or_none(table.Account.email == email.lower()), email)


def by_id(account_id: str) -> Caller:
    """Return the account with this id, for work done on its behalf; raise NotFound."""
    return _caller(table.Account.get_or_none(table.Account.id == account_id), account_id)


def view(caller: Caller) -> AccountView:
    """Return what the account may know about itself."""
    row = table.Account.get(table.Account.id == caller.account_id)
    return AccountView(row.id, row.email, caller.plan, row.created_at)


def _caller(row: table.Account | None, name: str) -> Caller:
    if row is None:
        raise NotFound(f"There is no account {name}.")
    return Caller(row.id, row.number, plans.plan(row.plan, row.limits))
