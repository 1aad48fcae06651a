"""One lead: all that is known of it and from where, what became of it, and what is the account's own about it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import flask
from werkzeug.wrappers import Response

from core import taxonomy
from core.errors import MapTargeterError
from dashboard import chips, suppressions
from dashboard.frame import caller, checked, form, page, pages, refused, see
from services import lead_corrections, lead_editing, suppressing
from services.lead_rows import Lead
from services.leads import get_lead

HISTORY_ROWS = 10
ADDRESS = ("street", "house_number", "unit", "postcode", "city", "district", "region", "country")
STATUSES = ("open", "temporarily_closed", "permanently_closed", "unknown")
_LISTS: dict[str, Callable[[Lead], list[str]]] = {
    "phones": lambda lead: [phone["e164"] or phone["raw"] for phone in lead["phones"]],
    "emails": lambda lead: [email["address"] for email in lead["emails"]],
    "websites": lambda lead: lead["websites"],
}


@pages.get("/leads/<lead_id>")
def lead(lead_id: str) -> Response:
    """Show all that is known of a lead."""
    return page("lead.html", **_shown(lead_id))


@pages.get("/leads/<lead_id>/history")
def lead_history(lead_id: str) -> Response:
    """Answer with earlier history."""
    history = lead_editing.list_lead_history(caller(), lead_id, HISTORY_ROWS, flask.request.args.get("cursor"))
    return page("_lead_history.html", history=history, lead_id=lead_id)


@pages.post("/leads/<lead_id>/own")
def change_lead(lead_id: str) -> Response:
    """Change stage, tags and note."""
    tags = [tag.strip() for tag in form("tags").split(",") if tag.strip()]
    return _changed(lead_id, {"stage": form("stage"), "tags": tags, "note": form("note") or None}, "Saved.")


@pages.post("/leads/<lead_id>/corrections")
def correct_lead(lead_id: str) -> Response:
    """Correct what was written anew in the form, and nothing else."""
    corrections = dict(_corrections(get_lead(caller(), lead_id)))
    if not corrections:
        return see("lead", "Nothing was changed.", lead_id=lead_id)
    words = ", ".join(chips.field_label(name).lower() for name in corrections)
    return _changed(lead_id, {"corrections": corrections}, f"Corrected: {words}. Scans keep it that way.")


@pages.post("/leads/<lead_id>/corrections/<field>/undo")
def undo_correction(lead_id: str, field: str) -> Response:
    """Let the sources speak again."""
    if field not in lead_corrections.CORRECTABLE:
        flask.abort(404)
    return _changed(lead_id, {"corrections": {field: None}}, "The correction is taken back.")


@pages.post("/leads/<lead_id>/delete")
def delete_lead(lead_id: str) -> Response:
    """Forget a lead, and never find it again."""
    lead_editing.delete_lead(caller(), lead_id)
    return see("leads", "The lead is deleted. Scans will not bring it back.")


def _changed(lead_id: str, changes: Mapping[str, Any], message: str) -> Response:
    """Change a lead as long as it is what the form showed."""
    try:
        allowed = checked("update_lead", dict(changes))
        lead_editing.update_lead(caller(), lead_id, allowed, form("version") or None)
    except MapTargeterError as error:
        return refused("lead.html", error, **_shown(lead_id))
    return see("lead", message, lead_id=lead_id)


def _shown(lead_id: str) -> dict[str, Any]:
    found = get_lead(caller(), lead_id)
    history = lead_editing.list_lead_history(caller(), lead_id, HISTORY_ROWS)
    path = [category.name for category in map(taxonomy.get, found["category_path"]) if category]
    return {
        "lead": found, "lead_id": lead_id, "version": lead_editing.version(found), "path": path, "history": history,
        "lists": {name: values(found) for name, values in _LISTS.items()}, "stages": lead_editing.STAGES,
        "address_parts": ADDRESS, "statuses": STATUSES,
        "ways": suppressing.ways(found), "reasons": suppressions.options("SuppressionReason"),
        "corrected": {made["field"]: made["at"] for made in found["corrections"]},
    }  # fmt: skip


def _corrections(found: Lead) -> Iterator[tuple[str, Any]]:
    """Give what the form says otherwise than the lead."""
    for name in ("name", "category", "operating_status"):
        if form(name) and form(name) != found[name]:
            yield name, form(name)
    hours = (found["opening_hours"] or {}).get("raw", "")
    if form("opening_hours") and form("opening_hours") != hours:
        yield "opening_hours", form("opening_hours")
    for name, values in _LISTS.items():
        written = [line.strip() for line in form(name).splitlines() if line.strip()]
        if name in flask.request.form and written != values(found):
            yield name, written
    address = {part: form(f"address_{part}") or None for part in ADDRESS}
    if any(address.values()) and address != {part: found["address"][part] for part in ADDRESS}:
        yield "address", address
