"""Webhook endpoints: who wants to know, and how it is signed.

A secret is shown once, when it is made. While it is replaced, the old one signs as well. A customer's own headers are
sealed like secrets, and only their names are ever shown.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, NewType
from urllib.parse import urlsplit

from core import clock, http, ids
from core.errors import Conflict, ForbiddenAddress, InvalidInput, NotFound, Violation
from models import account, base
from models import webhook as table
from services import audit, pages, webhook_secrets, webhooks
from services.accounts import Caller
from services.pages import Page

MOST_SECRETS = 4  # of one endpoint, valid at once
CheckedUrl = NewType("CheckedUrl", str)
"""A URL that ``checked_url`` let pass."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A URL that wants to know. ``status`` is ``enabled``, ``paused`` or ``disabled`` (``gone``, ``failing``)."""

    id: str
    url: str
    description: str
    event_types: list[str]
    header_names: list[str]
    signing: str
    public_key: str | None
    status: str
    disabled_reason: str | None
    failing_since: str | None
    created_at: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A new endpoint. ``headers`` are [{"name", "value"}]; ``signing`` is ``hmac`` or ``ed25519``."""

    url: CheckedUrl
    event_types: list[str]
    description: str = ""
    headers: Sequence[Json] = ()
    signing: str = "hmac"


def checked_url(url: str) -> CheckedUrl:
    """Return a URL that events may be sent to; raise ForbiddenAddress, also if its name does not resolve.

    It asks the DNS and may take seconds: call it outside any transaction. Every attempt checks again.
    """
    try:
        webhooks.client().resolve_and_check(url)
    except (ForbiddenAddress, http.OutboundError) as error:
        problem = Violation("body", "url", "not_allowed", str(error), "/url")
        raise ForbiddenAddress(f"Events cannot be sent to this URL: {error}.", [problem]) from error
    return CheckedUrl(url)


def create(caller: Caller, wanted: Wanted) -> tuple[Endpoint, str]:
    """Return the new endpoint and its secret, which is never shown again.

    Raise PlanLimitExceeded for one too many, InvalidInput for two headers of one name.
    """
    endpoint_id, now = ids.new("whe"), clock.now_stamp()
    stored, secret, public_key = webhook_secrets.generate(endpoint_id, wanted.signing)
    with base.transaction():
        account.lock(caller.account_id)
        caller.plan.require("webhook_endpoints", table.count_endpoints(caller.account_id) + 1)
        table.WebhookEndpoint.insert(
            id=endpoint_id, account_id=caller.account_id, url=wanted.url, description=wanted.description,
            event_types=wanted.event_types, status="enabled", secrets=[stored], signing=wanted.signing,
            public_key=public_key, created_at=now, updated_at=now, **_headers(endpoint_id, wanted.headers),
        ).execute()  # fmt: skip
        told = {"host": urlsplit(wanted.url).hostname, "event_types": wanted.event_types}
        audit.record(caller, audit.ENDPOINT_CREATED, endpoint_id, after=told)  # the rest of a URL may be a secret
    return get(caller, endpoint_id), secret


def page(caller: Caller, limit: int, cursor: str | None = None) -> Page:
    """Return a page of the account's ``Endpoint``s, newest first."""

    def fetch(count: int, after: str | None) -> list[Endpoint]:
        return [Endpoint(**row) for row in table.endpoints(caller.account_id, count, after)]

    return pages.newest_first(caller, "list_webhook_endpoints", limit, cursor, fetch, lambda row: str(row.id))


def get(caller: Caller, endpoint_id: str) -> Endpoint:
    """Raise NotFound unless the account has this endpoint."""
    row = table.endpoint(caller.account_id, endpoint_id)
    if row is None:
        raise NotFound("There is no webhook endpoint with this id.")
    return Endpoint(**row)


def update(caller: Caller, endpoint_id: str, changes: Json) -> Endpoint:
    """Change what ``changes`` names: url (checked), description, event_types, headers, signing, status.

    An endpoint that is enabled, or gets another URL, is sent at once what has waited for it. Raise NotFound.
    """
    with base.transaction():
        target = _locked(caller, endpoint_id)
        before = get(caller, endpoint_id)
        values: Json = {name: changes[name] for name in changes if name not in ("headers", "signing")}
        values |= _headers(endpoint_id, changes["headers"]) if "headers" in changes else {}
        values |= _signing(endpoint_id, target, before.signing, changes.get("signing", before.signing))
        if changes.get("status") == "enabled" or "url" in changes:
            values |= {"failures": 0, "failing_since": None, "held_until": None}
        if "status" in changes:
            values |= {"disabled_reason": None}
        table.change_endpoint(caller.account_id, endpoint_id, values | {"updated_at": clock.now_stamp()})
        after = get(caller, endpoint_id)
        if after.status == "enabled":
            webhooks.start(caller.account_id, endpoint_id)
        audit.record(caller, audit.ENDPOINT_UPDATED, endpoint_id, _told(before), _told(after))
    return after


def rotate_secret(caller: Caller, endpoint_id: str, overlap: timedelta) -> tuple[Endpoint, str]:
    """Make a new secret (and key pair); the one before signs as well for the overlap. Raise NotFound, Conflict."""
    now = clock.now()
    with base.transaction():
        target = _locked(caller, endpoint_id)
        endpoint = get(caller, endpoint_id)
        stored, secret, public_key = webhook_secrets.generate(endpoint_id, endpoint.signing)
        until = clock.stamp(now + overlap)
        left = [one | {"valid_until": min(one["valid_until"] or until, until)} for one in target.secrets]
        left = webhook_secrets.valid(left, clock.stamp(now))
        if len(left) >= MOST_SECRETS:
            raise Conflict(f"{MOST_SECRETS} secrets of this endpoint still sign. Rotate without overlap.")
        changes = {"secrets": [stored, *left], "public_key": public_key, "updated_at": clock.stamp(now)}
        table.change_endpoint(caller.account_id, endpoint_id, changes)
        audit.record(caller, audit.ENDPOINT_ROTATED, endpoint_id, after={"old_valid_until": until})
    return get(caller, endpoint_id), secret


def delete(caller: Caller, endpoint_id: str) -> None:
    """Forget an endpoint and its secret; what was still to be sent to it has failed. Raise NotFound."""
    with base.transaction():
        if not table.delete_endpoint(caller.account_id, endpoint_id, clock.now_stamp()):
            raise NotFound("There is no webhook endpoint with this id.")
        audit.record(caller, audit.ENDPOINT_DELETED, endpoint_id)


def as_dict(endpoint: Endpoint) -> Json:
    return asdict(endpoint)


def _locked(caller: Caller, endpoint_id: str) -> table.Target:
    target = table.lock_endpoint(caller.account_id, endpoint_id)
    if target is None:
        raise NotFound("There is no webhook endpoint with this id.")
    return target


def _headers(endpoint_id: str, headers: Sequence[Json]) -> Json:
    names = [one["name"] for one in headers]
    twice = [number for number, name in enumerate(names) if name in names[:number]]
    if twice:
        problem = Violation("body", "headers", "duplicate", f"{names[twice[0]]} is named twice", f"/headers/{twice[0]}")
        raise InvalidInput("A header can be set once.", [problem])
    sealed = webhook_secrets.seal_headers(endpoint_id, {one["name"]: one["value"] for one in headers})
    return {"headers": sealed, "header_names": names}


def _signing(endpoint_id: str, target: table.Target, before: str, after: str) -> Json:
    if before == after:
        return {}
    if after == webhook_secrets.ED25519:
        first, public_key = webhook_secrets.with_key_pair(endpoint_id, target.secrets[0])
        return {"signing": after, "public_key": public_key, "secrets": [first, *target.secrets[1:]]}
    bare = [webhook_secrets.without_key_pair(one) for one in target.secrets]
    return {"signing": after, "public_key": None, "secrets": bare}


def _told(endpoint: Endpoint) -> Json:
    """What the audit log tells; of the URL the host, as the rest may be a secret."""
    names = ("description", "event_types", "header_names", "signing", "status")
    return {"host": urlsplit(endpoint.url).hostname} | {name: getattr(endpoint, name) for name in names}
