"""What every page stands in: who looks, what they may do, for which account, and what the browser may do.

Safe by default. A page is for members of an account; one that changes something (any method but GET) is for roles
from ``member`` on. ``open_to`` says otherwise, for single views. Every form carries a CSRF token, or is refused.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import flask
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response

from core import config, ids
from core.errors import Forbidden, InvalidInput, MapTargeterError
from services import idempotency, sessions
from services.accounts import Caller
from services.sessions import Visitor

View = TypeVar("View", bound=Callable[..., Any])
ANYONE = "anyone"

pages = flask.Blueprint("dashboard", __name__, url_prefix="/dashboard", template_folder="templates")
UNDER_WAY = ("queued", "running")
"""The states of slow work that is watched."""
csrf = CSRFProtect()
_open_to: dict[str, str] = {}


class About(Protocol):
    """What the edge knows of the present request. ``address`` stands for one client."""

    @property
    def request_id(self) -> str: ...
    @property
    def address(self) -> str: ...


class Rules(Protocol):
    """What the contract says of the API's requests, so that pages take no more and no less than it does.

    Both return what was meant, with defaults, and raise InvalidInput with every violation.
    """

    def query(self, operation: str, texts: Mapping[str, str]) -> dict[str, Any]: ...
    def body(self, operation: str, document: Any) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the application lends the pages: a database connection for a request, what the edge knows of it, the HTTP
    status of an error, the contract of the API and its rules."""

    connection: Callable[[], AbstractContextManager[None]]
    about: Callable[[], About]
    status_of: Callable[[Exception], int]
    contract: Mapping[str, Any]
    rules: Rules


def open_to(role: str) -> Callable[[View], View]:
    """Say from which role on (or ANYONE) a view is open; put it right below the route."""

    def mark(view: View) -> View:
        _open_to[view.__name__] = role
        return view

    return mark


def visitor() -> Visitor:
    """Return who looks at this page; only in views that are not open to ANYONE."""
    found = visitor_or_none()
    if found is None:
        raise RuntimeError("this view is open to people who are not logged in")
    return found


def visitor_or_none() -> Visitor | None:
    found: Visitor | None = flask.g.get("visitor")
    return found


def caller() -> Caller:
    """Return the visitor's account, for the services."""
    return visitor().caller


def surroundings() -> Surroundings:
    found: Surroundings = flask.current_app.extensions["dashboard"]
    return found


def checked(operation: str, document: dict[str, Any]) -> dict[str, Any]:
    """Return what the API's operation would be sent; raise InvalidInput for what the contract does not allow."""
    return surroundings().rules.body(operation, document)


def page(template: str, status: int = 200, **values: Any) -> flask.Response:
    """Return a page made of a template."""
    return flask.make_response(flask.render_template(template, **values), status)


def progress(template: str, *, under_way: bool, **values: Any) -> flask.Response:
    """Return the part of a page that watches slow work; once that has ended, the browser loads the whole page anew."""
    made = page(template, under_way=under_way, **values)
    if not under_way:
        made.headers["HX-Refresh"] = "true"
    return made


def refused(template: str, error: MapTargeterError, **values: Any) -> flask.Response:
    """Return a form again, with what the visitor wrote and what is wrong with it."""
    return page(template, surroundings().status_of(error), error=error, **values)


def see(endpoint: str, message: str = "", **values: Any) -> Response:
    """Send the browser to another page after a form, where it shows the message once."""
    if message:
        flask.flash(message)
    return flask.redirect(flask.url_for(f"dashboard.{endpoint}", **values), 303)


def form(name: str, default: str = "") -> str:
    """Return a field of the form, trimmed."""
    return flask.request.form.get(name, default).strip()


def once(operation: str, effect: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what ``effect`` does, or what it did when this very form was sent before: a reload makes nothing twice."""
    sent = {name: flask.request.form.getlist(name) for name in sorted(flask.request.form) if name != "csrf_token"}
    key = f"{visitor().user_id}:{sent.pop('once', [''])[0]}"[:255]
    if key.endswith(":"):
        raise InvalidInput("The form is not complete. Load the page again.")
    return idempotency.once(caller(), f"dashboard.{operation}", key, sent, effect)[0]


def inside(target: str) -> str:
    """Return the path to go on to after a log-in if it is a page of ours, or else the first page."""
    parts = urlsplit(target)
    ours = not parts.scheme and not parts.netloc and parts.path.startswith("/dashboard/") and "\\" not in target
    return target if ours and target.isprintable() else flask.url_for("dashboard.overview")


def cookie_name() -> str:
    """Return the name of the session cookie; over TLS one that no other host can set."""
    return "__Host-maptargeter" if secure() else "maptargeter"


def secure() -> bool:
    """Tell whether the public address is https, so that cookies never travel in the open."""
    return config.current().public_url.startswith("https://")


@pages.before_request
def admit() -> Response | None:
    """Find out who looks, and let them in, send them to the log-in page, or refuse."""
    name = (flask.request.endpoint or "").rpartition(".")[2]
    if name == "asset":
        return None
    flask.g.connection = surroundings().connection()
    flask.g.connection.__enter__()
    csrf.protect()
    token = flask.request.cookies.get(cookie_name())
    flask.g.visitor = sessions.find(token, surroundings().about().address) if token else None
    return _let_in(_open_to.get(name, "viewer" if flask.request.method == "GET" else "member"))


@pages.teardown_request
def give_back(_error: BaseException | None) -> None:
    """Give the connection back when the answer is made."""
    held = flask.g.pop("connection", None)
    if held is not None:
        held.__exit__(None, None, None)


@pages.after_request
def protect(response: flask.Response) -> flask.Response:
    """Let a page load nothing but what is ours, and be shown nowhere else."""
    for name, value in _headers().items():
        response.headers.setdefault(name, value)
    return response


@pages.app_context_processor
def for_templates() -> dict[str, Any]:
    """Return what every template may use."""
    return {"visitor": visitor_or_none(), "fresh_id": lambda: ids.new("form"), "settings": config.current()}


def policy(**more: str) -> str:
    """Return the Content-Security-Policy of a page; ``more`` (``style_src=...``) adds sources to directives."""
    tiles = urlsplit(config.current().tile_url)
    pictures = f"data: {tiles.scheme}://{tiles.netloc}" if tiles.netloc else "data:"
    directives = {
        "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "connect-src": "'self'",
        "img-src": f"'self' {pictures}", "base-uri": "'none'", "form-action": "'self'", "frame-ancestors": "'none'",
    }  # fmt: skip
    for name, sources in more.items():
        directives[name.replace("_", "-")] += f" {sources}"
    return "; ".join(f"{name} {sources}" for name, sources in directives.items())


def _let_in(needed: str) -> Response | None:
    found = visitor_or_none()
    if needed == ANYONE:
        return None
    if found is None:
        return _to_log_in()
    if not found.may(needed):
        raise Forbidden(f"You are a {found.role} of this account; this takes the role {needed}. Ask an owner for it.")
    return None


def _to_log_in() -> Response:
    asked = flask.request
    wanted = asked.full_path.rstrip("?") if asked.method == "GET" and "HX-Request" not in asked.headers else None
    url = flask.url_for("dashboard.log_in", next=wanted)
    if "HX-Request" in asked.headers:
        return flask.Response(status=200, headers={"HX-Redirect": url})
    return flask.redirect(url, 303)


def _headers() -> dict[str, str]:
    made = {
        "Content-Security-Policy": policy(),
        "Referrer-Policy": "same-origin",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    return made | ({"Strict-Transport-Security": "max-age=31536000"} if secure() else {})
