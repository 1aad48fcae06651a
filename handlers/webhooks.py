"""Webhook endpoints and what was delivered to them."""

from typing import Any

from handlers import auth, responses
from handlers.responses import Answer
from handlers.schemas import CreatedWebhookEndpointSchema, DeliverySchema, WebhookEndpointSchema
from services import idempotency, webhooks


def list_webhook_endpoints(limit: int, cursor: str | None = None) -> Answer:
    """Answer with a page of endpoints, without their secrets."""
    return responses.page(webhooks.page_of_endpoints(auth.caller(), limit, cursor), WebhookEndpointSchema())


def create_webhook_endpoint(body: dict[str, Any]) -> Answer:
    """Make an endpoint and show its secret, once."""
    caller, url = auth.caller(), webhooks.checked_url(body["url"])

    def create() -> dict[str, Any]:
        endpoint, secret = webhooks.create_endpoint(caller, url, body["event_types"], body.get("description", ""))
        return dict(CreatedWebhookEndpointSchema().dump({**webhooks.as_dict(endpoint), "secret": secret}))

    made, replayed = idempotency.once(caller, "create_webhook_endpoint", responses.idempotency_key(), body, create)
    return responses.created(made, f"/v1/webhook-endpoints/{made['id']}", replayed)


def get_webhook_endpoint(webhook_endpoint_id: str) -> Answer:
    """Answer with an endpoint, without its secret."""
    return responses.ok(WebhookEndpointSchema().dump(webhooks.get_endpoint(auth.caller(), webhook_endpoint_id)))


def delete_webhook_endpoint(webhook_endpoint_id: str) -> Answer:
    """Forget an endpoint."""
    webhooks.delete_endpoint(auth.caller(), webhook_endpoint_id)
    return responses.no_content()


def send_test_event(webhook_endpoint_id: str) -> Answer:
    """Send ``webhook.test`` to one endpoint."""
    caller = auth.caller()
    made, replayed = idempotency.once(
        caller,
        "send_test_event",
        responses.idempotency_key(),
        {"webhook_endpoint_id": webhook_endpoint_id},
        lambda: dict(DeliverySchema().dump(webhooks.send_test_event(caller, webhook_endpoint_id))),
    )
    return responses.accepted(made, None, replayed)


def list_deliveries(webhook_endpoint_id: str, limit: int, cursor: str | None = None) -> Answer:
    """Answer with a page of deliveries, newest first, with every attempt."""
    page = webhooks.page_of_deliveries(auth.caller(), webhook_endpoint_id, limit, cursor)
    return responses.page(page, DeliverySchema())
