"""The visitor's own profile and sessions, the members of the account, and its audit log."""

from collections import defaultdict
from typing import Any

import flask
from werkzeug.wrappers import Response

from core.errors import MapTargeterError
from dashboard.frame import caller, form, open_to, page, pages, refused, see, visitor
from dashboard.limits import PASSWORDS, limiter
from services import api_keys, audit, members, sessions, users

AUDIT_ROWS = 50


@pages.get("/profile")
def profile() -> Response:
    """Show who is logged in, and where."""
    return page("profile.html", open_sessions=sessions.of_user(visitor().user_id))


@pages.post("/profile/password")
@open_to("viewer")
@limiter.limit(PASSWORDS)
def change_password() -> Response:
    """Set another password; other sessions end."""
    present, wanted = (flask.request.form.get(name, "") for name in ("present", "password"))
    try:
        users.change_password(visitor(), present, wanted)
    except MapTargeterError as error:
        return refused("profile.html", error, open_sessions=sessions.of_user(visitor().user_id))
    return see("profile", "Your password is changed, and your other sessions have ended.")


@pages.post("/profile/sessions/<session_id>/end")
@open_to("viewer")
def end_session(session_id: str) -> Response:
    """End one session, at once."""
    sessions.end(visitor().user_id, session_id)
    return see("profile", "The session has ended.")


@pages.post("/profile/sessions/end-others")
@open_to("viewer")
def end_other_sessions() -> Response:
    """End all sessions but this one."""
    ended = sessions.end_others(visitor())
    return see("profile", f"{ended} other session{'s' if ended != 1 else ''} ended.")


@pages.post("/switch")
@open_to("viewer")
def switch_account() -> Response:
    """Look at another account of the visitor's."""
    sessions.switch(visitor(), form("account"))
    return see("overview")


@pages.get("/members")
def team() -> Response:
    """Show who may do what."""
    return page("members.html", **_team())


@pages.post("/members/invite")
@open_to("owner")
def invite() -> Response:
    """Make a link for one more member, and show it once."""
    try:
        link = members.invite(caller(), form("role"))
    except MapTargeterError as error:
        return refused("members.html", error, **_team())
    return page("members.html", link=link, **_team())


@pages.post("/members/invitations/<invitation_id>/withdraw")
@open_to("owner")
def withdraw_invitation(invitation_id: str) -> Response:
    """Let a link work no more."""
    members.withdraw(caller(), invitation_id)
    return see("team", "The invitation is withdrawn.")


@pages.post("/members/<user_id>/role")
@open_to("owner")
def change_role(user_id: str) -> Response:
    """Let a member do more, or less."""
    try:
        members.change_role(caller(), user_id, form("role"))
    except MapTargeterError as error:
        return refused("members.html", error, **_team())
    return see("team", "The role is changed.")


@pages.post("/members/<user_id>/remove")
@open_to("owner")
def remove_member(user_id: str) -> Response:
    """Take somebody out of the account."""
    try:
        members.remove(caller(), user_id)
    except MapTargeterError as error:
        return refused("members.html", error, **_team())
    return see("team", "The member is removed.")


@pages.get("/audit-log")
def audit_log() -> Response:
    """Show what was done to keys, webhooks and members."""
    entries = audit.page(caller(), AUDIT_ROWS, flask.request.args.get("cursor"))
    return page("audit_log.html", entries=entries, names=_names())


def _names() -> defaultdict[str, str]:
    """Return what people call members and keys, by id; empty for what has no name (any more)."""
    mine = caller()
    most = mine.plan.rows_per_page
    made = {key.id: f"{key.name} (key)" for key in api_keys.page(mine, most, revoked=True).rows}
    made |= {key.id: f"{key.name} (key)" for key in api_keys.page(mine, most).rows}
    return defaultdict(str, made | {member.id: member.email for member in members.of_account(mine)})


def _team() -> dict[str, Any]:
    return {
        "members": members.of_account(caller()),
        "invitations": members.invitations(caller()),
        "roles": sessions.ROLES,
    }
