"""The request log: what the account's programs asked the API in the last 30 days, and how it was answered."""

import shlex
from typing import Any
from urllib.parse import quote

import flask
from werkzeug.wrappers import Response

from core import config
from core.errors import MapTargeterError, NotFound
from dashboard.frame import caller, page, pages, refused, see, surroundings
from services import api_keys, request_log
from services.pages import Page
from services.request_log import LoggedRequest, Wanted

ROWS = 50
STATUSES = {
    "failed": ("Failed", (400, 599)), "2xx": ("2xx: done", (200, 299)), "4xx": ("4xx: refused", (400, 499)),
    "5xx": ("5xx: failed on our side", (500, 599)),
}  # fmt: skip
METHODS = ("GET", "POST", "PATCH", "DELETE")


@pages.get("/requests")
def requests() -> Response:
    """Show the requests that are asked for, or lead to the one whose id was given."""
    sought = flask.request.args.get("id", "").strip()
    if sought:
        try:
            return see("request_entry", request_id=request_log.get_request(caller(), sought).id)
        except NotFound as error:
            return refused("requests.html", error, **_listed(Wanted(), None))
    wanted = _wanted()
    try:
        return page("requests.html", **_listed(wanted, flask.request.args.get("cursor")))
    except MapTargeterError as error:
        return refused("requests.html", error, **_listed(wanted, None))


@pages.get("/requests/<request_id>")
def request_entry(request_id: str) -> Response:
    """Show one request, and the same as a curl call."""
    found = request_log.get_request(caller(), request_id)
    operation = _operation(found)
    names = api_keys.names(caller(), [found.key_id])
    return page(
        "request.html", entry=found, operation=operation, curl=curl(found, operation), key=names.get(found.key_id)
    )


def curl(entry: LoggedRequest, operation: dict[str, Any]) -> str:
    """Return a request as a curl call: with the key in the environment, and its body in a file."""
    path, mark, query = entry.target.partition("?")
    url = f"{config.current().public_url}{quote(path)}{mark}{query}"
    way = {"GET": "", "HEAD": " --head"}.get(entry.method, f" -X {entry.method}")
    lines = [f'curl{way} -H "X-API-Key: $MAPTARGETER_KEY"']
    if "requestBody" in operation:
        [media_type, *_] = operation["requestBody"]["content"]
        lines.append(f"-H 'Content-Type: {media_type}' --data-binary @body")
    return " \\\n  ".join([*lines, shlex.quote(url)])


def _operation(entry: LoggedRequest) -> dict[str, Any]:
    """Return what the contract says of a request's operation; nothing if there is none of it any more."""
    method = "get" if entry.method == "HEAD" else entry.method.lower()
    found: dict[str, Any] = surroundings().contract["paths"].get(entry.path, {}).get(method, {})
    return found


def _wanted() -> Wanted:
    """Return what the address asks for; what is no choice of the form asks for nothing."""
    asked = flask.request.args
    _, statuses = STATUSES.get(asked.get("status", ""), ("", None))
    method = asked.get("method") if asked.get("method") in METHODS else None
    return Wanted(statuses, method, asked.get("key") or None)


def _listed(wanted: Wanted, cursor: str | None) -> dict[str, Any]:
    mine = caller()
    found: Page = request_log.list_requests(mine, min(ROWS, mine.plan.rows_per_page), cursor, wanted)
    keys = {key.id: key.name for key in api_keys.page(mine, mine.plan.rows_per_page).rows}
    asked = {entry.key_id for entry in found.rows} | ({wanted.key_id} if wanted.key_id else set())
    return {
        "found": found, "any": wanted == Wanted(), "names": keys | api_keys.names(mine, asked),
        "statuses": [(name, label) for name, (label, _) in STATUSES.items()],
        "methods": [(name, name) for name in METHODS],
    }  # fmt: skip
