"""API keys: made with scopes and an end, shown once, replaced, revoked."""

from datetime import timedelta
from typing import Any

import flask
from werkzeug.wrappers import Response

from core import clock
from core.errors import MapTargeterError
from dashboard.frame import caller, form, once, page, pages, refused, see
from services import api_keys
from services.pages import Page

ROWS = 50
LIVES = {"": None, "7": 7, "30": 30, "90": 90, "365": 365}
"""Choices of how many days a key lives."""
OVERLAPS = (0, 1, 24, 168)


@pages.get("/api-keys")
def keys() -> Response:
    """Show every key, never the key itself."""
    return page("keys.html", keys=_listed(), **_choices())


@pages.post("/api-keys")
def create_key() -> Response:
    """Make a key and show it, once; sending the form again shows it again."""
    name, scopes = form("name"), flask.request.form.getlist("scopes")
    try:
        made = once("create_key", lambda: _created(name, scopes, form("days")))
    except MapTargeterError as error:
        return refused("keys.html", error, keys=_listed(), **_choices())
    return page("keys.html", 201, fresh=made, keys=_listed(), **_choices())


@pages.post("/api-keys/<key_id>/rotate")
def rotate_key(key_id: str) -> Response:
    """Make a key in place of another, and show it, once."""
    overlap = timedelta(hours=int(form("overlap")) if form("overlap") in map(str, OVERLAPS) else 24)

    def rotate() -> dict[str, str]:
        made, key = api_keys.rotate(caller(), key_id, overlap)
        return {"id": made.id, "name": made.name, "key": key}

    try:
        made = once(f"rotate_key {key_id}", rotate)
    except MapTargeterError as error:
        return refused("keys.html", error, keys=_listed(), **_choices())
    return page("keys.html", 201, fresh=made, keys=_listed(), **_choices())


@pages.post("/api-keys/<key_id>/revoke")
def revoke_key(key_id: str) -> Response:
    """Make a key stop working, at once."""
    api_keys.revoke(caller(), key_id)
    return see("keys", "The key is revoked: it does not work any more.")


def _created(name: str, scopes: list[str], days: str) -> dict[str, str]:
    lives = LIVES.get(days)
    until = clock.stamp(clock.now() + timedelta(days=lives)) if lives else None
    made, key = api_keys.create(caller(), name[:100] or "Unnamed key", scopes or api_keys.SCOPES, until)
    return {"id": made.id, "name": made.name, "key": key}


def _listed() -> Page:
    asked = flask.request.args
    return api_keys.page(caller(), ROWS, asked.get("cursor"), revoked=asked.get("revoked") == "yes")


def _choices() -> dict[str, Any]:
    return {"scopes": api_keys.SCOPES, "lives": LIVES, "overlaps": OVERLAPS, "now": clock.now_stamp()}
