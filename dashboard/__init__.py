"""Pages for people who would rather click, over the same services as the API.

How a page is made:

1. A view in a module of this package (named in ``VIEWS`` below): a function on ``frame.pages``, its name the
   endpoint. It calls plain functions of the services with ``frame.caller()`` and returns ``frame.page("name.html",
   ...)``. GET views are open to every member of the account, all others from the role ``member`` on;
   ``@frame.open_to("owner")`` right below the route changes that.
2. A template that extends ``layout.html`` (signed out: ``plain.html``) with the blocks ``title`` and ``content``,
   made of the macros of ``macros.html``, imported "with context": ``head``, ``field``, ``choose``, ``empty``,
   ``badge``, ``moment``, ``pager``, ``copyable``, ``meter``, ``trouble`` (what is wrong with a form), ``hidden`` (the
   CSRF token; in every form that posts).
3. A form posts to a view that ends in ``frame.see("endpoint", "Done.")``, or in ``frame.refused("name.html", error,
   ...)`` if a service raised a ``MapTargeterError``: the same page, with what was written and what is wrong with it.
   What is not caught becomes an error page. What must not happen twice goes through ``frame.once``, with
   ``hidden(once=true)``.
4. Live parts are htmx: an element with ``hx-get`` of a view that returns a part of a page (a template
   ``_part.html``), such as ``hx-trigger="every 1s"`` while work runs; the last answer has no trigger. htmx sends the
   CSRF token by itself.
5. An entry in ``navigation.MENU``. Styles in ``assets/style.css`` and behaviour in ``assets/*.js``, found with
   ``asset("name.js")`` in the block ``scripts``; the policy refuses all that is inline (``style=``, ``onclick=``).
6. A line in ``tests/browser/test_pages.py``: axe, console, foreign requests and a screenshot come with it.
"""

import flask
import jinja2

from core import config
from dashboard import (
    account,
    assets,
    console,
    enrichment_pages,
    entry,
    export_pages,
    faults,
    frame,
    keys,
    lead_list,
    lead_map,
    lead_page,
    limits,
    navigation,
    overview,
    request_pages,
    scan_pages,
    schedule_pages,
    support,
    suppressions,
    usage,
    webhook_pages,
    words,
)
from dashboard.frame import Surroundings

__all__ = ["VIEWS", "Surroundings", "register"]
VIEWS = (
    account, assets, console, enrichment_pages, entry, export_pages, faults, keys, lead_list, lead_map, lead_page,
    navigation, overview, request_pages, scan_pages, schedule_pages, support, suppressions, usage, webhook_pages, words,
)  # fmt: skip
CSRF_SECONDS = 12 * 3600


def register(app: flask.Flask, surroundings: Surroundings) -> None:
    """Add the pages to an application; the settings must be configured."""
    settings = config.current()
    app.extensions["dashboard"] = surroundings
    app.secret_key = settings.secret("dashboard-cookies")
    app.config.update(
        SESSION_COOKIE_NAME=f"{frame.cookie_name()}-form",  # the CSRF token and messages; the log-in has its own
        SESSION_COOKIE_PATH="/" if frame.secure() else "/dashboard",
        SESSION_COOKIE_SECURE=frame.secure(),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_CHECK_DEFAULT=False,  # frame.admit checks; the API has no cookies to protect
        WTF_CSRF_TIME_LIMIT=CSRF_SECONDS,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.undefined = jinja2.StrictUndefined
    frame.csrf.init_app(app)
    limits.start(app)
    app.register_blueprint(frame.pages)
