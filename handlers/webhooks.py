"""Webhook endpoints, what was delivered to them, and what happened."""

from datetime import timedelta
from typing import Any

from handlers import auth, responses
from handlers.responses import Answer
from handlers.schemas import (
    CreatedWebhookEndpointSchema,
    DeliveryDetailSchema,
    DeliverySchema,
    EventSchema,
    RecoverySchema,
    WebhookEndpointSchema,
)
from services import events, idempotency, webhook_deliveries, webhook_endpoints
from services.webhook_endpoints import Endpoint, Wanted, checked_url


def list_webhook_endpoints(limit: int, cursor: str | None = None) -> Answer:
    """Answer with a page of endpoints, without their secrets."""
    return responses.page(webhook_endpoints.page(auth.caller(), limit, cursor), WebhookEndpointSchema())


def create_webhook_endpoint(body: dict[str, Any]) -> Answer:
    """Make an endpoint and show its secret, once."""
    caller = auth.caller()
    wanted = Wanted(**body | {"url": checked_url(body["url"])})
    made, replayed = idempotency.once(
        caller, "create_webhook_endpoint", responses.idempotency_key(), body,
        lambda: _with_secret(*webhook_endpoints.create(caller, wanted)),
    )  # fmt: skip
    return responses.created(made, f"/v1/webhook-endpoints/{made['id']}", replayed)


def get_webhook_endpoint(webhook_endpoint_id: str) -> Answer:
    """Answer with an endpoint, without its secret."""
    return responses.ok(WebhookEndpointSchema().dump(webhook_endpoints.get(auth.caller(), webhook_endpoint_id)))


def update_webhook_endpoint(webhook_endpoint_id: str, body: dict[str, Any]) -> Answer:
    """Change an endpoint, pause it, or enable it."""
    changes = body | ({"url": checked_url(body["url"])} if "url" in body else {})
    changed = webhook_endpoints.update(auth.caller(), webhook_endpoint_id, changes)
    return responses.ok(WebhookEndpointSchema().dump(changed))


def rotate_webhook_secret(webhook_endpoint_id: str, body: dict[str, Any]) -> Answer:
    """Make a new secret and show it, once."""
    caller, overlap = auth.caller(), timedelta(hours=body["overlap_hours"])
    made, replayed = idempotency.once(
        caller, "rotate_webhook_secret", responses.idempotency_key(), [webhook_endpoint_id, body],
        lambda: _with_secret(*webhook_endpoints.rotate_secret(caller, webhook_endpoint_id, overlap)),
    )  # fmt: skip
    return responses.created(made, f"/v1/webhook-endpoints/{made['id']}", replayed)


def delete_webhook_endpoint(webhook_endpoint_id: str) -> Answer:
    """Forget an endpoint."""
    webhook_endpoints.delete(auth.caller(), webhook_endpoint_id)
    return responses.no_content()


def send_test_event(webhook_endpoint_id: str) -> Answer:
    """Send ``webhook.test`` to one endpoint."""
    caller = auth.caller()
    made, replayed = idempotency.once(
        caller, "send_test_event", responses.idempotency_key(), {"webhook_endpoint_id": webhook_endpoint_id},
        lambda: dict(DeliverySchema().dump(webhook_deliveries.send_test_event(caller, webhook_endpoint_id))),
    )  # fmt: skip
    return responses.accepted(made, None, replayed)


def list_deliveries(webhook_endpoint_id: str, limit: int, cursor: str | None = None) -> Answer:
    """Answer with a page of deliveries, newest first, with every attempt."""
    page = webhook_deliveries.page(auth.caller(), webhook_endpoint_id, limit, cursor)
    return responses.page(page, DeliverySchema())


def get_delivery(webhook_endpoint_id: str, delivery_id: str) -> Answer:
    """Answer with a delivery and all that is known of its attempts."""
    found = webhook_deliveries.get(auth.caller(), webhook_endpoint_id, delivery_id)
    return responses.ok(DeliveryDetailSchema().dump(found))


def redeliver(webhook_endpoint_id: str, delivery_id: str) -> Answer:
    """Send a delivery again, whatever became of it."""
    caller = auth.caller()
    made, replayed = idempotency.once(
        caller, "redeliver", responses.idempotency_key(), [webhook_endpoint_id, delivery_id],
        lambda: dict(DeliverySchema().dump(webhook_deliveries.redeliver(caller, webhook_endpoint_id, delivery_id))),
    )  # fmt: skip
    return responses.accepted(made, None, replayed)


def recover_deliveries(webhook_endpoint_id: str, body: dict[str, Any]) -> Answer:
    """Send everything that did not arrive since a moment."""
    caller = auth.caller()
    made, replayed = idempotency.once(
        caller, "recover_deliveries", responses.idempotency_key(), [webhook_endpoint_id, body],
        lambda: dict(RecoverySchema().dump(webhook_deliveries.recover(caller, webhook_endpoint_id, **body))),
    )  # fmt: skip
    return responses.accepted(made, None, replayed)


def list_events(
    limit: int, cursor: str | None = None, type_: list[str] | None = None, after_sequence: int | None = None
) -> Answer:
    """Answer with a page of events: newest first, or in order after one."""
    return responses.page(events.page(auth.caller(), limit, cursor, type_ or (), after_sequence), EventSchema())


def get_event(event_id: str) -> Answer:
    """Answer with an event."""
    return responses.ok(EventSchema().dump(events.get(auth.caller(), event_id)))


def _with_secret(endpoint: Endpoint, secret: str) -> dict[str, Any]:
    return dict(CreatedWebhookEndpointSchema().dump({**webhook_endpoints.as_dict(endpoint), "secret": secret}))
