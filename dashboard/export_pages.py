"""Exports: files of the leads of a search, with the columns one wants, watched while they are written."""

from typing import Any

import flask
import orjson
from werkzeug.wrappers import Response

from core.errors import Conflict, MapTargeterError
from dashboard import chips, columns, searching
from dashboard.frame import UNDER_WAY, caller, checked, form, once, page, pages, progress, refused, see
from dashboard.searching import Search
from services import export_downloads
from services import exports as service
from services.export_formats import FORMATS
from services.export_options import Options

ROWS = 25
FORMAT_WORDS = {
    "csv": "for spreadsheets and CRMs", "json": "one document", "ndjson": "one lead a line, for programs",
    "geojson": "for maps", "xlsx": "for Excel", "parquet": "for analysis", "vcf": "for address books",
}  # fmt: skip
_CSV = ("delimiter", "quoting", "line_ending", "decimal_separator")
_TEXTS = ("compression", "vcard_version", "only_new_since")


@pages.get("/exports")
def exports() -> Response:
    """Show every export."""
    found = service.list_exports(caller(), ROWS, flask.request.args.get("cursor"))
    words = {made["id"]: "; ".join(_words(made["filters"])) or "All leads" for made in found.rows}
    return page("exports.html", found=found, words=words)


@pages.get("/exports/new")
def new_export() -> Response:
    """Show what a search would export, and ask for format and columns."""
    return _asking(searching.asked())


@pages.post("/exports/arrange")
def arrange_columns() -> Response:
    """Show the same form with a column further up or down, for browsers without scripts."""
    return _asking(searching.of(flask.request.form))


@pages.post("/exports")
def create_export() -> Response:
    """Start an export, and lead to it."""
    search = searching.of(flask.request.form)
    try:
        wanted = checked("create_export", _document(search))
        made = once("create_export", lambda: _started(wanted))
    except MapTargeterError as error:
        return refused("new_export.html", error, counted=None, **_choices(search))
    return see("export", "The export has started.", export_id=made["id"])


@pages.get("/exports/<export_id>")
def export(export_id: str) -> Response:
    """Show an export; while it is written, its state is asked for again and again."""
    found = service.get_export(caller(), export_id)
    files = export_downloads.get_manifest(caller(), export_id)["files"] if found["status"] == "completed" else []
    about: dict[str, Any] = {
        "export": found, "under_way": found["status"] in UNDER_WAY, "chips": _words(found["filters"]), "files": files,
    }  # fmt: skip
    return progress("_export.html", **about) if "HX-Request" in flask.request.headers else page("export.html", **about)


@pages.post("/exports/<export_id>/cancel")
def cancel_export(export_id: str) -> Response:
    """Stop an export; no file of it is kept."""
    try:
        service.cancel_export(caller(), export_id)
    except Conflict as error:
        return see("export", error.message, export_id=export_id)
    return see("export", "The export is cancelled.", export_id=export_id)


@pages.post("/exports/<export_id>/delete")
def delete_export(export_id: str) -> Response:
    """Delete an export and its files."""
    service.delete_export(caller(), export_id)
    return see("exports", "The export and its files are deleted.")


@pages.get("/exports/<export_id>/download")
def download_export(export_id: str) -> Response:
    """Send a file."""
    number = flask.request.args.get("file", 1, int)
    file = export_downloads.open_export_file(caller(), export_id, number)
    made = flask.Response(file.chunks, content_type=file.media_type)
    made.content_length = file.size
    return _attached(made, file.name)


@pages.get("/exports/<export_id>/manifest")
def download_manifest(export_id: str) -> Response:
    """Send what the files hold and where that is from."""
    told = orjson.dumps(export_downloads.get_manifest(caller(), export_id), option=orjson.OPT_INDENT_2)
    return _attached(flask.Response(told, content_type="application/json"), f"{export_id}-manifest.json")


def _attached(made: flask.Response, name: str) -> flask.Response:
    made.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    made.headers["Cache-Control"] = "no-store"
    return made


def _asking(search: Search) -> Response:
    try:
        counted = service.estimate_soon(caller(), search.document)
    except MapTargeterError as error:
        return refused("new_export.html", error, counted=None, **_choices(search))
    return page("new_export.html", counted=counted, **_choices(search))


def _document(search: Search) -> dict[str, Any]:
    """Return what the form says as the API takes it, not checked yet; what was left empty is left out."""
    file_format, most = form("format", "csv"), form("max_rows_per_file")
    made: dict[str, Any] = {"format": file_format, "filters": search.document}
    made |= {name: form(name) for name in _TEXTS if form(name)}
    if most:
        made["max_rows_per_file"] = int(most) if most.isdecimal() else most
    if file_format == "csv":
        made["csv"] = {name: form(name) for name in _CSV if form(name)} | {"bom": form("bom") != "no"}
        made["guard_formulas"] = form("guard_formulas") != "no"
    if _flat(file_format):
        made["columns"] = columns.document()
    return made


def _flat(file_format: str) -> bool:
    """Tell whether the columns of the form are meant; otherwise whole leads are."""
    return form("shape") != "whole" and (file_format not in FORMATS or FORMATS[file_format].columns_apply)


def _started(wanted: dict[str, Any]) -> dict[str, Any]:
    shown = wanted.get("columns", ()), Options.of(wanted)
    return service.create_export(caller(), wanted["format"], wanted["filters"], None, *shown)


def _choices(search: Search) -> dict[str, Any]:
    start = flask.request.args.get("start", "usual")
    earlier = [made for made in service.list_exports(caller(), ROWS).rows if made["row_count"] is not None]
    return {
        "search": search, "query": search.query, "chips": chips.chips(search.texts), "plan": caller().plan,
        "formats": [(name, FORMAT_WORDS.get(name, "")) for name in FORMATS], "format": form("format", "csv"),
        "columns": columns.moved(columns.rows(start), form("move")), "starts": columns.STARTS, "start": start,
        "earlier": [(made["id"], f"{made['format'].upper()} of {made['created_at'][:10]}") for made in earlier],
    }  # fmt: skip


def _words(filters: dict[str, Any]) -> list[str]:
    """Return a filter in words."""
    return [chip.words for chip in chips.chips(searching.with_filter({}, filters))]
