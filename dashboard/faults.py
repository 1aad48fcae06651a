"""Whatever goes wrong on a page is a page, too: what happened, and what to do next."""

import logging

import flask
from flask_limiter.errors import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from core.errors import MapTargeterError, RateLimited, Unavailable
from dashboard import limits
from dashboard.frame import ANYONE, open_to, page, pages, surroundings

log = logging.getLogger(__name__)

_TITLES = {
    400: "That did not work", 403: "Not allowed", 404: "Not found", 405: "Not found", 409: "That cannot be done now",
    410: "No longer there", 429: "Too often", 500: "Something went wrong on our side", 503: "Just a moment",
}  # fmt: skip
_CRASH = "It is in the server's log. If it happens again, tell support the request id below."
_FORM_TOO_OLD = "This form was open for too long, or came from somewhere else. Go back, load the page again, and retry."


@pages.route("/<path:rest>", methods=["GET", "POST"])
@open_to(ANYONE)
def nothing(rest: str) -> flask.Response:  # noqa: ARG001
    """Answer for every address that is no page."""
    return _shown(404, "There is no page at this address. It may have moved, or the link is not complete.")


@pages.errorhandler(MapTargeterError)
def told(error: MapTargeterError) -> flask.Response:
    """Show an error of ours in its own words."""
    status = surroundings().status_of(error)
    if status == 500:
        return crashed(error)
    made = _shown(status, error.message)
    if isinstance(error, RateLimited | Unavailable):
        made.headers["Retry-After"] = str(error.retry_after)
    return made


@pages.errorhandler(RateLimitExceeded)
def too_often(error: RateLimitExceeded) -> flask.Response:
    """Say when to try again."""
    return told(limits.refusal(error))


@pages.errorhandler(CSRFError)
def forged(_error: CSRFError) -> flask.Response:
    """Refuse a form that did not come from our page."""
    return _shown(400, _FORM_TOO_OLD)


@pages.errorhandler(HTTPException)
def plain(error: HTTPException) -> flask.Response:
    """Show what Flask refuses."""
    if isinstance(error, RequestRedirect):
        return flask.Response(status=308, headers={"Location": error.new_url})
    status = error.code or 500
    return _shown(status, "There is nothing here." if status == 404 else "The request cannot be understood.")


@pages.errorhandler(Exception)
def crashed(error: Exception) -> flask.Response:
    """Tell nothing of a crash but its number; the log has it."""
    log.error("%s: %s", surroundings().about().request_id, type(error).__name__, exc_info=error)
    return _shown(500, _CRASH)


def _shown(status: int, message: str) -> flask.Response:
    title, request_id = _TITLES.get(status, _TITLES[400]), surroundings().about().request_id
    if "HX-Request" in flask.request.headers:
        return page("_fault.html", status, title=title, message=message, request_id=request_id)
    return page("fault.html", status, title=title, message=message, request_id=request_id)
