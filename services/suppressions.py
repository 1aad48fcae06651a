"""Businesses that must not be leads: what they are known by, and which of those a scan meets are among them.

A domain, an email address, a telephone number or a place stands for the business that has it, and takes all of that
business with it, whichever source it comes from. A lead that was merely deleted is known by its own places alone: that
it was, say, one of two of the same business says nothing about the other.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from core import contacts
from models import suppression as table

Key = tuple[str, str]
"""A place as its source names it: source, record id."""

RECORD, BUSINESS = "record", "business"


def met(account_id: str, places: Collection[Mapping[str, Any]]) -> dict[Key, str]:
    """Return which of the places (by the columns of ``models.place.Place``) are suppressed for the account.

    ``BUSINESS`` says that whatever a place is part of must go, ``RECORD`` that only it must.
    """
    if not places or not table.any_for(account_id):
        return {}
    known = [(key_of(place), signs_of(place)) for place in places]
    wanted: dict[str, set[str]] = {}
    for _, signs in known:
        for kind, value in signs:
            wanted.setdefault(kind, set()).add(value)
    found = table.among(account_id, wanted)
    judged = ((key, {kind for kind, value in signs & found}) for key, signs in known)
    return {key: RECORD if kinds == {"record"} else BUSINESS for key, kinds in judged if kinds}


def barred(account_id: str, leads: Collection[Mapping[str, Any]]) -> set[int]:
    """Return the numbers of the leads (by their columns) with a contact that is suppressed for the account."""
    if not leads or not table.any_for(account_id):
        return set()
    signs = {lead["number"]: contact_signs(lead) for lead in leads}
    wanted: dict[str, set[str]] = {}
    for kind, value in (sign for mine in signs.values() for sign in mine):
        wanted.setdefault(kind, set()).add(value)
    found = table.among(account_id, wanted)
    return {number for number, mine in signs.items() if mine & found}


def key_of(place: Mapping[str, Any]) -> Key:
    return place["source"], place["record_id"]


def record_keys(places: Iterable[Key], kind: str = "record") -> list[tuple[str, str]]:
    """Return what these places are known by as suppression keys."""
    return [(kind, f"{source}:{record_id}") for source, record_id in places]


def signs_of(record: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return all (kind, value) that a place may be suppressed by."""
    name = f"{record['source']}:{record['record_id']}"
    return {("record", name), ("place", name)} | contact_signs(record)


def contact_signs(record: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return the (kind, value) of the contacts of a place, or of a lead by its columns."""
    signs = {("email", contacts.email(address)) for address in record["emails"]}
    signs |= {("phone", phone["e164"]) for phone in record["phones"] if phone["e164"]}
    return signs | {("domain", domain) for domain in contacts.domains(record["websites"], record["emails"])}
