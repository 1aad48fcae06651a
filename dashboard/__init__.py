"""Pages for people who would rather click; for now the start page, which says where everything is."""

import flask

pages = flask.Blueprint(
    "dashboard",
    __name__,
    url_prefix="/dashboard",
    template_folder="templates",
    static_folder="static",
    static_url_path="/static",
)
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


@pages.get("/")
def start() -> str:
    """Show where to begin."""
    return flask.render_template("start.html", base=flask.request.host_url.rstrip("/"))


@pages.after_request
def protect(response: flask.Response) -> flask.Response:
    """Let a page load nothing but our own styles and pictures."""
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
