"""Leads: lists go straight from rows to JSON, without objects in between."""

from typing import Any

from handlers import auth, responses
from handlers.responses import Answer
from handlers.schemas import LeadAggregateSchema, LeadFieldListSchema, LeadHistoryEntrySchema
from services import filters, idempotency, importing, lead_aggregates, lead_editing, leads


def list_leads(
    *, sort: str, limit: int, fields: list[str] | None = None, cursor: str | None = None, **everyday: Any
) -> Answer:
    """Answer with a page of leads; the other query parameters are the everyday filters."""
    near = everyday.get("near")
    page = leads.list_leads(
        auth.caller(),
        filters=filters.from_query(everyday),
        near=(near[0], near[1]) if near else None,
        sort=sort,
        fields=fields or leads.ALL_FIELDS,
        limit=limit,
        after=cursor,
        verbatim=True,
    )
    return _answer(page)


def search_leads(body: dict[str, Any]) -> Answer:
    """Answer with a page of leads; the body is what the query string says in ``list_leads``."""
    near = body.get("near")
    page = leads.list_leads(
        auth.caller(),
        query=body.get("query"),
        filters=filters.parse(body.get("filters", {})),
        near=(near["lat"], near["lon"]) if near else None,
        sort=body.get("sort", leads.DEFAULT_SORT),
        fields=body.get("fields") or leads.ALL_FIELDS,
        limit=body.get("limit", leads.DEFAULT_LIMIT),
        after=body.get("cursor"),
        where="body",
        verbatim=True,
    )
    return _answer(page)


def aggregate_leads(body: dict[str, Any]) -> Answer:
    """Answer with counts of leads."""
    cells = body.get("cells")
    made = lead_aggregates.aggregate(
        auth.caller(),
        filters.parse(body.get("filters", {})),
        query=body.get("query"),
        facets=body.get("facets", ()),
        facet_size=body["facet_size"],
        wanted_cells=lead_aggregates.cells_for(cells) if cells is not None else None,
    )
    return responses.ok(LeadAggregateSchema().dump(made))


def list_lead_fields() -> Answer:
    """Answer with every field that filters know."""
    return responses.ok(LeadFieldListSchema().dump(lead_aggregates.list_fields(auth.caller())))


def import_leads(body: dict[str, Any]) -> Answer:
    """Make leads of the rows of a list, or with ``dry_run`` say what would become of each."""
    caller, asked = auth.caller(), (body["name"], body["leads"], body.get("tags", ()))
    if body.get("dry_run"):
        return responses.ok(importing.import_leads(caller, *asked, dry_run=True))
    made, replayed = idempotency.once(
        caller, "import_leads", responses.idempotency_key(), body, lambda: importing.import_leads(caller, *asked)
    )
    return responses.ok(made, replayed)


def get_lead(lead_id: str) -> Answer:
    """Answer with one lead."""
    return _versioned(leads.get_lead(auth.caller(), lead_id))


def update_lead(lead_id: str, body: dict[str, Any], if_match: str | None = None) -> Answer:
    """Change what is the customer's own about a lead."""
    return _versioned(lead_editing.update_lead(auth.caller(), lead_id, body, _version(if_match)))


def delete_lead(lead_id: str, if_match: str | None = None) -> Answer:
    """Forget a lead, for good."""
    lead_editing.delete_lead(auth.caller(), lead_id, _version(if_match))
    return responses.no_content()


def list_lead_history(lead_id: str, limit: int, cursor: str | None = None) -> Answer:
    """Answer with a page of what happened to a lead."""
    page = lead_editing.list_lead_history(auth.caller(), lead_id, limit, cursor)
    return responses.page(page, LeadHistoryEntrySchema())


def _versioned(lead: dict[str, Any]) -> Answer:
    return responses.versioned(lead, lead_editing.version(lead))


def _version(if_match: str | None) -> str | None:
    return if_match.strip('"') if if_match else None


def _answer(page: leads.LeadPage) -> Answer:
    total = {"value": page.total.value, "relation": page.total.relation}
    return responses.page(page, total=total)
