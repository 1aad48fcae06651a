"""The way in and out: signing up, logging in, invitations, a new password by the operator's link."""

import flask
from werkzeug.wrappers import Response

from core.errors import MapTargeterError
from dashboard import frame
from dashboard.frame import ANYONE, form, inside, open_to, page, pages, refused, see, visitor_or_none
from dashboard.limits import PASSWORDS, SIGN_UPS, limiter, login_name
from services import members, sessions, users
from services.users import User


@pages.get("/login")
@open_to(ANYONE)
def log_in() -> Response:
    """Ask who it is."""
    if visitor_or_none():
        return flask.redirect(inside(flask.request.args.get("next", "")), 303)
    return page("login.html")


@pages.post("/login")
@open_to(ANYONE)
@limiter.limit(PASSWORDS)
@limiter.limit("20 per hour", key_func=login_name)
def log_in_now() -> Response:
    """Let in who knows the password."""
    try:
        user = users.log_in(form("email"), flask.request.form.get("password", ""))
    except MapTargeterError as error:
        return refused("login.html", error)
    return _let_in(user, inside(flask.request.args.get("next", "")))


@pages.get("/signup")
@open_to(ANYONE)
def sign_up() -> Response:
    """Show the form of a new account."""
    return page("signup.html")


@pages.post("/signup")
@open_to(ANYONE)
@limiter.limit(SIGN_UPS)
def sign_up_now() -> Response:
    """Make an account, and let its owner in."""
    try:
        user = users.sign_up(form("email"), flask.request.form.get("password", ""))
    except MapTargeterError as error:
        return refused("signup.html", error)
    return _let_in(user, flask.url_for("dashboard.overview"))


@pages.post("/logout")
@open_to("viewer")
def log_out() -> Response:
    """End the session, here and on the server."""
    sessions.end(frame.visitor().user_id, frame.visitor().session_id)
    flask.session.clear()
    made = see("log_in", "You are logged out.")
    made.delete_cookie(frame.cookie_name(), path="/", secure=frame.secure(), httponly=True, samesite="Lax")
    return made


@pages.get("/reset/<token>")
@open_to(ANYONE)
@limiter.limit(PASSWORDS)
def reset(token: str) -> Response:
    """Ask for the new password of whoever has the operator's link."""
    return page("reset.html", email=users.whose_reset(token))


@pages.post("/reset/<token>")
@open_to(ANYONE)
@limiter.limit(PASSWORDS)
def reset_now(token: str) -> Response:
    """Set it, and let them in."""
    email = users.whose_reset(token)
    try:
        user = users.reset_password(token, flask.request.form.get("password", ""))
    except MapTargeterError as error:
        return refused("reset.html", error, email=email)
    return _let_in(user, flask.url_for("dashboard.overview"))


@pages.get("/join/<token>")
@open_to(ANYONE)
@limiter.limit(PASSWORDS)
def join(token: str) -> Response:
    """Show an invitation."""
    return page("join.html", welcome=members.welcome(token))


@pages.post("/join/<token>")
@open_to(ANYONE)
@limiter.limit(PASSWORDS)
def join_now(token: str) -> Response:
    """Make the visitor, or somebody new, a member."""
    found = visitor_or_none()
    if found:
        sessions.switch(found, members.join(token, found.user_id))
        return see("overview", "Welcome. You look at the account you were invited to.")
    welcome = members.welcome(token)
    try:
        user = members.join_as_new(token, form("email"), flask.request.form.get("password", ""))
    except MapTargeterError as error:
        return refused("join.html", error, welcome=welcome)
    return _let_in(user, flask.url_for("dashboard.overview"))


def _let_in(user: User, target: str) -> Response:
    """Begin a session under a new token; whatever the browser brought along counts no more."""
    before = visitor_or_none()
    if before:
        sessions.end(before.user_id, before.session_id)
    flask.session.clear()
    token = sessions.start(
        user.id, user.account_id, frame.surroundings().about().address, flask.request.headers.get("User-Agent", "")
    )
    made = flask.redirect(target, 303)
    lasts = round(sessions.LONGEST.total_seconds())
    made.set_cookie(
        frame.cookie_name(), token, max_age=lasts, path="/", secure=frame.secure(), httponly=True, samesite="Lax"
    )  # fmt: skip
    return made
