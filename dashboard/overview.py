"""The first page: signed out, what this is; signed in, what happened lately and what to do next."""

from dataclasses import dataclass, replace
from typing import Any

import flask
from werkzeug.wrappers import Response

from dashboard.frame import ANYONE, caller, open_to, page, pages, visitor_or_none
from dashboard.usage import meters
from services import enrichments, exports, places, scans

LATEST = 8


@dataclass(frozen=True, slots=True)
class Step:
    """One of the first steps: what to do, why, and the view where it is done."""

    title: str
    why: str
    view: str
    label: str
    done: bool = False


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that was started lately, and what came of it."""

    kind: str
    name: str
    url: str
    status: str
    result: str
    at: str


STEPS = (
    Step("Scan an area", "Draw it on the map; the businesses in it become your leads.", "new_scan", "Draw an area"),
    Step("Look at your leads", "Filter them by what they have: a phone, a website, a category.", "leads", "See leads"),
    Step("Export them", "As CSV, JSON or GeoJSON, with the columns you want.", "new_export", "Make an export"),
    Step("Connect your own program", "Make an API key, and try it in the console.", "keys", "Make a key"),
)


@pages.get("/")
@open_to(ANYONE)
def overview() -> Response:
    """Show where to begin, or how things stand."""
    if visitor_or_none() is None:
        return page("start.html", base=flask.request.host_url.rstrip("/"))
    return page("overview.html", **_standing())


def _standing() -> dict[str, Any]:
    mine = caller()
    made_scans, made_exports = scans.list_scans(mine, LATEST).rows, exports.list_exports(mine, LATEST).rows
    made_enrichments = enrichments.list_enrichments(mine, LATEST).rows
    lately = [*map(_scan, made_scans), *map(_export, made_exports), *map(_enrichment, made_enrichments)]
    kept, keys, _ = used = meters(mine)
    exported = any(made["status"] == "completed" for made in made_exports)
    done = (bool(made_scans), kept.used > 0, exported, keys.used > 0)
    return {
        "meters": used, "plan": mine.plan, "sources": places.sources(),
        "lately": sorted(lately, key=lambda one: one.at, reverse=True)[:LATEST],
        "steps": [replace(step, done=is_done) for step, is_done in zip(STEPS, done, strict=True)],
    }  # fmt: skip


def _scan(made: dict[str, Any]) -> Happening:
    counts, url = made["counts"], flask.url_for("dashboard.scan", scan_id=made["id"])
    result = f"{counts['found']:,} found, {counts['new']:,} new"
    return Happening("scan", made["name"], url, made["status"], result, made["created_at"])


def _export(made: dict[str, Any]) -> Happening:
    url = flask.url_for("dashboard.export", export_id=made["id"])
    result = "" if made["row_count"] is None else f"{made['row_count']:,} rows"
    return Happening("export", made["format"].upper(), url, made["status"], result, made["created_at"])


def _enrichment(made: dict[str, Any]) -> Happening:
    progress, url = made["progress"], flask.url_for("dashboard.enrichment", enrichment_id=made["id"])
    result = f"{progress['done']:,} of {progress['total']:,} leads"
    return Happening("enrichment", "Websites read", url, made["status"], result, made["created_at"])
