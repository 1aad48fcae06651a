"""Webhooks: who is told what, every delivery with its attempts, and what to do about those that did not arrive."""

from datetime import timedelta
from typing import Any

import flask
import orjson
from werkzeug.wrappers import Response

from core import clock
from core.errors import InvalidInput, MapTargeterError, Violation
from dashboard.frame import caller, form, once, page, pages, refused, see, surroundings
from services import events, webhook_deliveries, webhook_endpoints
from services.webhook_endpoints import Wanted, checked_url

ROWS = 50
SPANS = {"1": "the last hour", "24": "the last day", "168": "the last week", "720": "the last 30 days"}
"""How many hours back deliveries are recovered."""


@pages.get("/webhooks")
def webhooks() -> Response:
    """Show who is told."""
    return page("webhooks.html", **_listed())


@pages.post("/webhooks")
def create_webhook() -> Response:
    """Make an endpoint, and show its secret once."""
    try:
        made = once("create_webhook", lambda: _created(checked_url(form("url"))))
    except MapTargeterError as error:
        return refused("webhooks.html", error, **_listed())
    return page("webhooks.html", 201, fresh=made, **_listed())


@pages.get("/webhooks/<endpoint_id>")
def webhook(endpoint_id: str) -> Response:
    """Show one endpoint and what was delivered to it."""
    return page("webhook.html", **_one(endpoint_id))


@pages.get("/webhooks/<endpoint_id>/deliveries")
def deliveries(endpoint_id: str) -> Response:
    """Show the deliveries as they are now, for the page that waits for them."""
    return page("_deliveries.html", **_one(endpoint_id))


@pages.post("/webhooks/<endpoint_id>")
def change_webhook(endpoint_id: str) -> Response:
    """Set another URL, description or choice of events."""
    before = webhook_endpoints.get(caller(), endpoint_id)
    try:
        changes: dict[str, Any] = {"description": form("description")[:500], "event_types": _events()}
        if form("url") != before.url:
            changes["url"] = checked_url(form("url"))
        webhook_endpoints.update(caller(), endpoint_id, changes)
    except MapTargeterError as error:
        return refused("webhook.html", error, **_one(endpoint_id))
    return see("webhook", "The changes are saved.", endpoint_id=endpoint_id)


@pages.post("/webhooks/<endpoint_id>/status")
def set_webhook_status(endpoint_id: str) -> Response:
    """Pause an endpoint, or enable it: then what has waited is sent."""
    status = "paused" if form("status") == "paused" else "enabled"
    webhook_endpoints.update(caller(), endpoint_id, {"status": status})
    return see("webhook", f"The endpoint is {status}.", endpoint_id=endpoint_id)


@pages.post("/webhooks/<endpoint_id>/rotate")
def rotate_webhook(endpoint_id: str) -> Response:
    """Make another secret and show it once; the old one signs as well for a day."""

    def rotate() -> dict[str, Any]:
        made, secret = webhook_endpoints.rotate_secret(caller(), endpoint_id, timedelta(days=1))
        return {"id": made.id, "url": made.url, "secret": secret}

    try:
        made = once(f"rotate_webhook {endpoint_id}", rotate)
    except MapTargeterError as error:
        return refused("webhook.html", error, **_one(endpoint_id))
    return page("webhook.html", 201, fresh=made, **_one(endpoint_id))


@pages.post("/webhooks/<endpoint_id>/test")
def test_webhook(endpoint_id: str) -> Response:
    """Send a test event."""
    return _attempted(endpoint_id, lambda: webhook_deliveries.send_test_event(caller(), endpoint_id), "A test is sent.")


@pages.post("/webhooks/<endpoint_id>/recover")
def recover_webhook(endpoint_id: str) -> Response:
    """Send again what did not arrive."""
    hours = int(form("hours")) if form("hours") in SPANS else 24
    since = clock.stamp(clock.now() - timedelta(hours=hours))
    try:
        found = webhook_deliveries.recover(caller(), endpoint_id, since)
    except MapTargeterError as error:
        return refused("webhook.html", error, **_one(endpoint_id))
    count = found.recovered
    more = "; there are more: do it again" if found.has_more else ""
    return see(
        "webhook", f"{count:,} deliver{'ies are' if count != 1 else 'y is'} queued{more}.", endpoint_id=endpoint_id
    )


@pages.post("/webhooks/<endpoint_id>/delete")
def delete_webhook(endpoint_id: str) -> Response:
    """Forget an endpoint."""
    webhook_endpoints.delete(caller(), endpoint_id)
    return see("webhooks", "The endpoint is deleted.")


@pages.get("/webhooks/<endpoint_id>/deliveries/<delivery_id>")
def delivery(endpoint_id: str, delivery_id: str) -> Response:
    """Show what was sent, and every answer."""
    found = webhook_deliveries.get(caller(), endpoint_id, delivery_id)
    sent = orjson.dumps(events.get(caller(), found.event_id).payload, option=orjson.OPT_INDENT_2).decode()
    return page("delivery.html", delivery=found, endpoint=webhook_endpoints.get(caller(), endpoint_id), payload=sent)


@pages.post("/webhooks/<endpoint_id>/deliveries/<delivery_id>/redeliver")
def redeliver(endpoint_id: str, delivery_id: str) -> Response:
    """Send a delivery again, with the same webhook-id."""
    again = "It is sent again."
    return _attempted(endpoint_id, lambda: webhook_deliveries.redeliver(caller(), endpoint_id, delivery_id), again)


def _attempted(endpoint_id: str, send: Any, done: str) -> Response:
    try:
        send()
    except MapTargeterError as error:
        return refused("webhook.html", error, **_one(endpoint_id))
    return see("webhook", done, endpoint_id=endpoint_id)


def _created(url: webhook_endpoints.CheckedUrl) -> dict[str, Any]:
    wanted = Wanted(url, _events(), form("description")[:500])
    made, secret = webhook_endpoints.create(caller(), wanted)
    return {"id": made.id, "url": made.url, "secret": secret}


def _events() -> list[str]:
    """Return the chosen types of events; raise InvalidInput for none."""
    chosen = [kind for kind in _types() if kind in flask.request.form.getlist("event_types")]
    if not chosen:
        problem = Violation("body", "event_types", "missing", "choose at least one", "/event_types")
        raise InvalidInput("Choose at least one type of event.", [problem])
    return chosen


def _types() -> list[str]:
    found: list[str] = surroundings().contract["components"]["schemas"]["SubscribableEventType"]["enum"]
    return found


def _listed() -> dict[str, Any]:
    listed = webhook_endpoints.page(caller(), ROWS, flask.request.args.get("cursor"))
    return {"endpoints": listed, "event_types": _types()}


def _one(endpoint_id: str) -> dict[str, Any]:
    mine, cursor = caller(), flask.request.args.get("cursor")
    return {
        "endpoint": webhook_endpoints.get(mine, endpoint_id),
        "deliveries": webhook_deliveries.page(mine, endpoint_id, ROWS, cursor),
        "event_types": _types(), "spans": SPANS,
    }  # fmt: skip
