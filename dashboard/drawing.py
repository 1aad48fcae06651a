"""The form in which an area is drawn and what to look for is chosen: of scans, and of schedules that repeat them."""

from collections.abc import Sequence
from typing import Any

import flask
import orjson

from core import taxonomy
from core.errors import InvalidInput, Violation
from dashboard import lead_map
from dashboard.frame import caller, form
from services import places


def document() -> dict[str, Any]:
    """Return what the form says as the API takes it, not checked yet; raise InvalidInput if there is no area in it."""
    if not form("area"):
        raise InvalidInput("Draw an area on the map first.")
    try:
        area = orjson.loads(form("area"))
    except orjson.JSONDecodeError:
        problem = Violation("body", "area", "wrong_format", "must be JSON, as the API takes it")
        raise InvalidInput("The area cannot be read.", [problem]) from None
    made: dict[str, Any] = {"area": area, "categories": flask.request.form.getlist("categories")}
    return made | ({"name": form("name")} if form("name") else {})


def choices(area: Any = None, categories: Sequence[str] = (), name: str = "") -> dict[str, Any]:
    """Return what the template needs: what was sent, or else what is given here."""
    sent = flask.request.form
    chosen = sent.getlist("categories") if "area" in sent else categories
    found = [category for category in map(taxonomy.get, chosen) if category]
    return {
        "bounds": lead_map.everywhere() or lead_map.SAMPLE_BOX, "plan": caller().plan, "sources": places.sources(),
        "kinds": [category for category in taxonomy.all_categories() if category.parent is None],
        "chosen": chosen, "special": [category for category in found if category.parent is not None],
        "area": form("area") or (orjson.dumps(area).decode() if area else ""), "name": name,
    }  # fmt: skip
