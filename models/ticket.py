"""Support: what customers ask, and what they are answered."""

from typing import Any

import peewee

from models import base
from models.account import Account
from models.base import Stamp

Row = dict[str, Any]


class Ticket(base.Model):
    """One question. ``status`` is ``open`` (waits for an answer), ``answered`` or ``closed``."""

    id = peewee.CharField(max_length=40, primary_key=True)
    account_id = peewee.CharField(max_length=40)
    subject = peewee.CharField(max_length=200)
    status = peewee.CharField(max_length=16, index=True)
    request_id = peewee.CharField(max_length=64, null=True)
    created_at = Stamp()
    updated_at = Stamp()

    class Meta:
        indexes = ((("account_id", "id"), False),)


class TicketMessage(base.Model):
    """What one side said. ``author`` is a user's address, or None for the operator."""

    id = peewee.CharField(max_length=40, primary_key=True)
    ticket_id = peewee.CharField(max_length=40, index=True)
    author = peewee.CharField(max_length=254, null=True)
    body = peewee.TextField()
    created_at = Stamp()


TABLES: tuple[type[base.Model], ...] = (Ticket, TicketMessage)


def insert(row: Row) -> None:
    Ticket.insert(**row).execute()


def say(row: Row) -> None:
    TicketMessage.insert(**row).execute()


def set_status(ticket_id: str, status: str, now: str) -> None:
    Ticket.update(status=status, updated_at=now).where(Ticket.id == ticket_id).execute()


def page(account_id: str, limit: int, after: str | None) -> list[Row]:
    """Return up to ``limit`` tickets of an account, newest first, older than ``after``."""
    query = Ticket.select().where(Ticket.account_id == account_id)
    query = query.where(Ticket.id < after) if after else query
    return list(query.order_by(Ticket.id.desc()).limit(limit).dicts().iterator())


def get(ticket_id: str) -> Row | None:
    found: Row | None = Ticket.select().where(Ticket.id == ticket_id).dicts().first()
    return found


def messages(ticket_id: str) -> list[Row]:
    """Return what was said, in order."""
    shown = (TicketMessage.author, TicketMessage.body, TicketMessage.created_at)
    query = TicketMessage.select(*shown).where(TicketMessage.ticket_id == ticket_id)
    return list(query.order_by(TicketMessage.id).dicts().iterator())


def waiting(limit: int) -> list[Row]:
    """Return the tickets of all accounts that wait for an answer, longest first, with the account's address."""
    joined = Ticket.select(Ticket, Account.email).join(Account, on=(Account.id == Ticket.account_id))
    query = joined.where(Ticket.status == "open").order_by(Ticket.updated_at, Ticket.id).limit(limit)
    return list(query.dicts().iterator())
