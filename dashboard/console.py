"""The API in the browser: Swagger UI with a key for this session, the contract to download, programs to paste."""

import flask
from werkzeug.wrappers import Response

from core import config
from dashboard.frame import open_to, page, pages, policy, surroundings, visitor
from dashboard.snippets import KEY, snippets
from services import api_keys


@pages.get("/console")
def console() -> Response:
    """Show every operation, ready to try."""
    made = page("console.html")
    # Swagger UI sets styles from its script
    made.headers["Content-Security-Policy"] = policy(style_src="'unsafe-inline'")
    return made


@pages.get("/quickstart")
def quickstart() -> Response:
    """Show programs that go from a scan to a file."""
    made = snippets(surroundings().contract, config.current().public_url)
    return page("quickstart.html", snippets=made, placeholder=KEY)


@pages.post("/console/key")
@open_to("viewer")
def console_key() -> Response:
    """Make a key that ends with the session, or within the hour; a viewer's reads only."""
    found = visitor()
    scopes = [scope for scope in api_keys.SCOPES if found.may("member") or scope.endswith(":read")]
    made, key = api_keys.create_for_session(found.caller, found.email, scopes, found.session_id)
    return flask.jsonify(key=key, expires_at=made.expires_at)
