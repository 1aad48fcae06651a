"""Enrichments."""

from typing import Any

from handlers import auth, responses
from handlers.responses import Answer
from services import enrichments, idempotency


def list_enrichments(limit: int, cursor: str | None = None) -> Answer:
    """Answer with a page of enrichments, newest first."""
    return responses.page(enrichments.list_enrichments(auth.caller(), limit, cursor))


def create_enrichment(body: dict[str, Any]) -> Answer:
    """Start an enrichment, or with ``dry_run`` say how much there is to do."""
    caller, wanted = auth.caller(), enrichments.Wanted(body.get("lead_ids"), body.get("filters", {}))
    age = body.get("max_age_days", enrichments.DEFAULT_AGE_DAYS)
    if body.get("dry_run"):
        return responses.ok(enrichments.estimate_enrichment(caller, wanted, age))
    made, replayed = idempotency.once(
        caller,
        "create_enrichment",
        responses.idempotency_key(),
        body,
        lambda: enrichments.create_enrichment(caller, wanted, age),
    )
    return responses.accepted(made, f"/v1/enrichments/{made['id']}", replayed)


def get_enrichment(enrichment_id: str) -> Answer:
    """Answer with the enrichment as it is now."""
    return responses.ok(enrichments.get_enrichment(auth.caller(), enrichment_id))


def list_enrichment_results(
    enrichment_id: str, limit: int, status: str | None = None, cursor: str | None = None
) -> Answer:
    """Answer with a page of what became of the leads."""
    return responses.page(enrichments.list_results(auth.caller(), enrichment_id, limit, status, cursor))


def cancel_enrichment(enrichment_id: str) -> Answer:
    """Stop an enrichment; what was found stays."""
    return responses.ok(enrichments.cancel_enrichment(auth.caller(), enrichment_id))
