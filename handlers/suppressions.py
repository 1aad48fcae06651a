"""Businesses that must not be leads."""

from typing import Any

from handlers import auth, responses
from handlers.responses import Answer
from handlers.schemas import SuppressionSchema
from services import idempotency, suppressing


def list_suppressions(limit: int, cursor: str | None = None) -> Answer:
    """Answer with a page of suppressions, newest first."""
    return responses.page(suppressing.list_suppressions(auth.caller(), limit, cursor), SuppressionSchema())


def create_suppression(body: dict[str, Any]) -> Answer:
    """Suppress a business, and forget its leads."""
    caller = auth.caller()

    def create() -> dict[str, Any]:
        made = suppressing.create_suppression(caller, body["kind"], body["value"], body["reason"], body["note"])
        return dict(SuppressionSchema().dump(made))

    made, replayed = idempotency.once(caller, "create_suppression", responses.idempotency_key(), body, create)
    return responses.created(made, f"/v1/suppressions/{made['id']}", replayed)


def get_suppression(suppression_id: str) -> Answer:
    """Answer with a suppression."""
    return responses.ok(SuppressionSchema().dump(suppressing.get_suppression(auth.caller(), suppression_id)))


def delete_suppression(suppression_id: str) -> Answer:
    """Let the business be found again."""
    suppressing.delete_suppression(auth.caller(), suppression_id)
    return responses.no_content()
