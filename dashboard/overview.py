"""The first page: signed out, what this is; signed in, what happened lately and what to do next."""

from dataclasses import dataclass, replace
from typing import Any

import flask
from werkzeug.wrappers import Response

from dashboard.frame import ANYONE, caller, open_to, page, pages, visitor_or_none
from services import api_keys, exports, leads, places, scans, webhook_endpoints

LATEST = 5


@dataclass(frozen=True, slots=True)
class Step:
    """One of the first steps: what to do, why, and the view where it is done."""

    title: str
    why: str
    view: str
    label: str
    done: bool = False


@dataclass(frozen=True, slots=True)
class Meter:
    """How much of a limit of the plan is used; no ``limit`` is none, ``or_more`` says it was not counted to the end."""

    label: str
    used: int
    limit: int | None
    view: str
    or_more: bool = False


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
    total = leads.list_leads(mine, limit=1, fields=["id"]).total
    keys = sum(1 for key in api_keys.page(mine, mine.plan.rows_per_page).rows if not key.revoked_at)
    endpoints = len(webhook_endpoints.page(mine, mine.plan.rows_per_page).rows)
    done = (bool(made_scans), bool(total.value), any(made["status"] == "completed" for made in made_exports), keys > 0)
    return {
        "total": total, "scans": made_scans, "exports": made_exports, "plan": mine.plan, "sources": places.sources(),
        "steps": [replace(step, done=is_done) for step, is_done in zip(STEPS, done, strict=True)],
        "meters": [
            Meter("Leads kept", total.value, mine.plan.leads, "leads", total.relation == "gte"),
            Meter("API keys", keys, mine.plan.api_keys, "keys"),
            Meter("Webhook endpoints", endpoints, mine.plan.webhook_endpoints, "webhooks"),
        ],
    }  # fmt: skip
