"""Searches that people want to find again."""

from typing import Any

import peewee

from models import base
from models.base import Stamp

Row = dict[str, Any]


class SavedSearch(base.Model):
    """``query`` is the query string of ``GET /v1/leads``."""

    id = peewee.CharField(max_length=40, primary_key=True)
    account_id = peewee.CharField(max_length=40)
    name = peewee.CharField(max_length=100)
    query = peewee.TextField()
    created_at = Stamp()

    class Meta:
        indexes = ((("account_id", "name"), True),)


TABLES: tuple[type[base.Model], ...] = (SavedSearch,)


def of_account(account_id: str) -> list[Row]:
    """Return the searches of an account by name."""
    found: Any = SavedSearch.select().where(SavedSearch.account_id == account_id).order_by(SavedSearch.name)
    return list(found.dicts())


def write(row: Row) -> None:
    """Keep a search, in place of the account's other one of this name."""
    SavedSearch.delete().where(
        (SavedSearch.account_id == row["account_id"]) & (SavedSearch.name == row["name"])
    ).execute()
    SavedSearch.insert(**row).execute()


def delete(account_id: str, search_id: str) -> bool:
    """Return False if the account has no such search."""
    mine = (SavedSearch.account_id == account_id) & (SavedSearch.id == search_id)
    return bool(SavedSearch.delete().where(mine).execute())
