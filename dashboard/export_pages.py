"""Exports: a file of the leads of a search, with the columns one wants, watched while it is written."""

from typing import Any

import flask
from werkzeug.wrappers import Response

from core.errors import MapTargeterError
from dashboard import chips, searching
from dashboard.frame import caller, checked, form, once, page, pages, refused, see
from dashboard.searching import Search
from services import export_downloads
from services import exports as service
from services.export_formats import FORMATS
from services.lead_rows import NAMES

ROWS = 25
UNDER_WAY = ("queued", "running")
COLUMNS = tuple(name for name in NAMES if name != "distance_m")
USUAL = (
    "id", "name", "category", "location", "address", "phones", "emails", "websites", "opening_hours", "quality",
    "tags", "stage", "sources", "attribution",
)  # fmt: skip
"""The columns that are chosen at first."""
FORMAT_WORDS = {
    "csv": "for spreadsheets and CRMs", "json": "one document", "ndjson": "one lead a line, for programs",
    "geojson": "for maps", "xlsx": "for Excel", "parquet": "for analysis", "vcf": "for address books",
}  # fmt: skip


@pages.get("/exports")
def exports() -> Response:
    """Show every export."""
    found = service.list_exports(caller(), ROWS, flask.request.args.get("cursor"))
    words = {made["id"]: "; ".join(_words(made["filters"])) or "All leads" for made in found.rows}
    return page("exports.html", found=found, words=words)


@pages.get("/exports/new")
def new_export() -> Response:
    """Show what a search would export, and ask for format and columns."""
    search = searching.asked()
    try:
        counted = service.estimate_export(caller(), search.document)
    except MapTargeterError as error:
        return refused("new_export.html", error, counted=None, **_choices(search))
    return page("new_export.html", counted=counted, **_choices(search))


@pages.post("/exports")
def create_export() -> Response:
    """Start an export, and lead to it."""
    search = searching.of(flask.request.form)
    fields = flask.request.form.getlist("fields") or list(USUAL)
    document = {"format": form("format", "csv"), "filters": search.document, "fields": fields}
    try:
        wanted = checked("create_export", document)
        made = once(
            "create_export", lambda: service.create_export(caller(), wanted["format"], wanted["filters"], fields)
        )
    except MapTargeterError as error:
        return refused("new_export.html", error, counted=None, **_choices(search))
    return see("export", "The export has started.", export_id=made["id"])


@pages.get("/exports/<export_id>")
def export(export_id: str) -> Response:
    """Show an export; while it is written, its state is asked for again and again."""
    found = service.get_export(caller(), export_id)
    about: dict[str, Any] = {
        "export": found,
        "under_way": found["status"] in UNDER_WAY,
        "chips": _words(found["filters"]),
    }
    return page("_export.html" if "HX-Request" in flask.request.headers else "export.html", **about)


@pages.get("/exports/<export_id>/download")
def download_export(export_id: str) -> Response:
    """Send the file."""
    file = export_downloads.open_export_file(caller(), export_id)
    made = flask.Response(file.chunks, content_type=file.media_type)
    made.content_length = file.size
    made.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
    made.headers["Cache-Control"] = "no-store"
    return made


def _choices(search: Search) -> dict[str, Any]:
    chosen = flask.request.form.getlist("fields") or list(USUAL)
    return {
        "search": search, "query": search.query, "chips": chips.chips(search.texts), "plan": caller().plan,
        "formats": [(name, FORMAT_WORDS.get(name, "")) for name in FORMATS], "format": form("format", "csv"),
        "columns": [*chosen, *(name for name in COLUMNS if name not in chosen)], "chosen": chosen,
    }  # fmt: skip


def _words(filters: dict[str, Any]) -> list[str]:
    """Return a filter in words."""
    return [chip.words for chip in chips.chips(searching.with_filter({}, filters))]
