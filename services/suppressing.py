"""The suppression list: who must not be a lead, told by the account or, for all accounts, by the operator.

It takes effect in the transaction that writes it: leads it is about are forgotten, with their history, and no scan,
enrichment or import makes them again. Files that were exported before are kept until they expire.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from core import clock, contacts, ids, normalize, phones
from core.errors import InvalidInput, NotFound, Violation
from models import account, base, lead_batch, lead_ledger, search, search_terms
from models import suppression as table
from services import audit, matching, pages, suppressions
from services.accounts import Caller
from services.pages import Page

KINDS = ("domain", "email", "phone", "place", "lead")
REASONS = ("objection", "customer", "other")
"""Why: the business objected (GDPR, article 21), it is a customer already, or something else."""

_WEBMAIL = frozenset(
    {
        "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "icloud.com",
        "me.com", "aol.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "mail.ru", "yandex.ru", "proton.me",
        "protonmail.com", "orange.fr", "wanadoo.fr", "free.fr", "libero.it", "seznam.cz", "wp.pl", "qq.com", "163.com",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Suppression:
    """``value`` is which ``kind``; ``name`` that of the lead, if it is one; ``leads_removed`` how many it took away."""

    id: str
    kind: str
    value: str
    reason: str
    name: str | None
    note: str | None
    leads_removed: int
    created_at: str


@dataclass(frozen=True, slots=True)
class _Target:
    """What is to be suppressed: in its one form, known by these keys, and the name of the lead that it is."""

    value: str
    keys: list[tuple[str, str]]
    name: str | None = None


def create_suppression(
    caller: Caller, kind: str, value: str, reason: str = "objection", note: str | None = None
) -> Suppression:
    """Suppress a business for the account, and forget its leads; return the suppression, the old one if there is one.

    ``value`` is a domain, an email address, a telephone number with its country code, a place as ``source:record_id``,
    or the id of a lead. Raise InvalidInput for what is none, or what too many share.
    """
    with base.transaction():
        account.lock(caller.account_id)
        target = _target(caller, kind, value)
        known = table.find(caller.account_id, kind, target.value)
        if known:
            return _shown(known)
        bounds = search.bounds(caller.account_number, None)
        made = _write(caller.account_id, kind, target, reason, note, bounds)
        audit.record(caller, audit.SUPPRESSION_CREATED, made.id, after={"kind": kind, "reason": reason})
    return made


def ways(lead: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the (kind, value) of all that a lead, as it is shown, may be suppressed by; the first is itself."""
    addresses = [email["address"] for email in lead["emails"]]
    hosts = [urlsplit(url).hostname or "" for url in lead["websites"]]
    signs = [("domain", host) for host in (*hosts, *(address.rpartition("@")[2] for address in addresses))]
    signs += [("email", address) for address in addresses]
    signs += [("phone", phone["e164"]) for phone in lead["phones"] if phone["e164"]]
    forms = ((kind, _FORMS[kind][0](value)) for kind, value in signs)
    return [("lead", lead["id"]), *dict.fromkeys((kind, value) for kind, value in forms if value is not None)]


def list_suppressions(caller: Caller, limit: int, cursor: str | None = None) -> Page:
    """Return a page of the account's ``Suppression``s, newest first. Raise InvalidCursor, PlanLimitExceeded."""

    def fetch(count: int, after: str | None) -> list[Suppression]:
        return [_shown(row) for row in table.page(caller.account_id, count, after)]

    return pages.newest_first(caller, "list_suppressions", limit, cursor, fetch, lambda made: str(made.id))


def get_suppression(caller: Caller, suppression_id: str) -> Suppression:
    """Raise NotFound unless the account has this suppression."""
    row = table.get(caller.account_id, suppression_id)
    if row is None:
        raise NotFound("There is no suppression with this id.")
    return _shown(row)


def delete_suppression(caller: Caller, suppression_id: str) -> None:
    """Let the business be found again, by the next scan. Raise NotFound."""
    with base.transaction():
        old = get_suppression(caller, suppression_id)
        table.delete(suppression_id)
        audit.record(caller, audit.SUPPRESSION_DELETED, old.id, before={"kind": old.kind, "reason": old.reason})


def suppress_for_all(kind: str, value: str, note: str | None = None) -> Suppression:
    """Suppress a business for every account, as the operator: any kind but a lead. Raise InvalidInput."""
    with base.transaction():
        account.lock_all()
        target = _target(None, kind, value)
        known = table.find(table.EVERYBODY, kind, target.value)
        return _shown(known) if known else _write(table.EVERYBODY, kind, target, "objection", note, search.EVERYTHING)


def suppressed_for_all(limit: int = 1_000) -> list[Suppression]:
    """Return what the operator suppressed, newest first."""
    return [_shown(row) for row in table.page(table.EVERYBODY, limit)]


def allow_for_all(suppression_id: str) -> None:
    """Take back what the operator suppressed; raise NotFound."""
    with base.transaction():
        if table.get(table.EVERYBODY, suppression_id) is None:
            raise NotFound(f"There is no suppression {suppression_id} for all accounts.")
        table.delete(suppression_id)


def _write(
    account_id: str, kind: str, target: _Target, reason: str, note: str | None, bounds: tuple[int, int]
) -> Suppression:
    numbers = {row["number"] for row in _leads(account_id, target.keys, bounds)}
    lead_batch.remove(numbers)
    made = Suppression(
        ids.new("sup"), kind, target.value, reason, target.name, note, len(numbers), clock.now_stamp()
    )  # fmt: skip
    row = {name: getattr(made, name) for name in Suppression.__dataclass_fields__}
    table.insert({"account_id": account_id, **row}, target.keys)
    return made


def _leads(account_id: str, keys: Iterable[tuple[str, str]], bounds: tuple[int, int]) -> list[lead_ledger.Row]:
    """Return the leads that any of the keys is about."""
    found: list[lead_ledger.Row] = []
    for kind, value in keys:
        if kind == "place":
            source, _, record_id = value.partition(":")
            found += lead_ledger.of_place(account_id, source, record_id)
        else:
            rows = lead_ledger.by_rank_keys(search.keys_of(_TAGS[kind](value) or "", bounds))
            found += [row for row in rows if (kind, value) in suppressions.contact_signs(row)]
    return found


_TAGS: dict[str, Callable[[str], str | None]] = {
    "email": search_terms.email_tag, "phone": search_terms.phone_tag, "domain": search_terms.domain_tag,
}  # fmt: skip


def _target(caller: Caller | None, kind: str, value: str) -> _Target:
    if kind == "lead":
        return _lead(caller, value)
    read, wrong = _FORMS[kind]
    form = read(value.strip())
    if form is None:
        raise _invalid(wrong)
    return _Target(form, [(kind, form)])


def _lead(caller: Caller | None, lead_id: str) -> _Target:
    rows = lead_ledger.by_id(caller.account_id, [lead_id]) if caller else []
    if not rows:
        known = table.find(caller.account_id, "lead", lead_id) if caller else None
        if known is None:
            raise _invalid("must be the id of a lead")
        return _Target(lead_id, [])
    keys = suppressions.record_keys(rows[0]["places"], "place")
    return _Target(lead_id, keys, normalize.text(rows[0]["name"]))


def _domain(value: str) -> str | None:
    host = normalize.host(value.lower().removeprefix("www."))
    shared = host is not None and (host in _WEBMAIL or matching.is_shared(host))
    return None if shared else host


def _email(value: str) -> str | None:
    found = normalize.emails(value)
    return contacts.email(found[0]) if len(found) == 1 else None


def _phone(value: str) -> str | None:
    found = phones.phones(value, None)
    return found[0]["e164"] if len(found) == 1 else None


def _place(value: str) -> str | None:
    source, colon, record_id = value.partition(":")
    return value if source.isalnum() and colon and 0 < len(record_id) <= 200 else None


_FORMS: dict[str, tuple[Callable[[str], str | None], str]] = {
    "domain": (_domain, "must be the domain of one business, such as example.com, not one that many share"),
    "email": (_email, "must be one email address"),
    "phone": (_phone, "must be one telephone number with its country code, such as +358 9 652776"),
    "place": (_place, "must be a source and its record, such as osm:node/268366322"),
}


def _invalid(message: str) -> InvalidInput:
    return InvalidInput(f"The value {message}.", [Violation("body", "value", "invalid", message, "/value")])


def _shown(row: table.Row) -> Suppression:
    return Suppression(**{name: row[name] for name in Suppression.__dataclass_fields__})
