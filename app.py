"""The web application: the only file that knows every part of it."""

from collections.abc import Callable, Mapping
from functools import partial

import flask
from connexion.exceptions import ProblemException
from connexion.middleware.context import ContextMiddleware
from connexion.middleware.exceptions import ExceptionMiddleware
from connexion.middleware.security import SecurityMiddleware
from connexion.resolver import Resolver
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

import dashboard
from core import config
from core.config import Settings
from core.errors import MapTargeterError
from core.limits import Limiter
from handlers import auth, docs, health
from handlers.bridge import App, TagResolver
from handlers.contract import Contract, read
from handlers.edge import Edge
from handlers.errors import Renderer
from handlers.limits import ADDRESS_LIMIT, Budget, Limits
from handlers.routing import Routing
from handlers.threads import Threads
from handlers.validation import Validation
from models import base

WORKERS = 16  # threads of one process: as many requests may wait for the database at once


def create_app(settings: Settings | None = None, *, address_limit: int = ADDRESS_LIMIT) -> ASGIApp:
    """Return the ASGI application of one process; read the settings from the environment when none are given.

    ``address_limit`` is the number of requests a minute that one address may send without a valid key. The database
    must have been migrated; nothing is opened before the first request.
    """
    apis = {docs.BASE: (Contract(read()), TagResolver())}
    return assemble(settings or Settings.from_env(), apis, address_limit)


def assemble(settings: Settings, apis: Mapping[str, tuple[Contract, Resolver]], address_limit: int) -> App:
    """Return the application with a version of the API below each base path; the first has the pages."""
    config.configure(settings)
    base.connect(settings.database_url)
    limiter = Limiter.from_url(settings.limits_url)
    budget = Budget(limiter, address_limit)
    first = next(iter(apis.values()))[0]
    app = App(__name__, middlewares=_middlewares(first))
    for base_path, (contract, resolver) in apis.items():
        app.add_api(
            contract.document,
            base_path=base_path,
            resolver=resolver,
            security_map=auth.security_map(budget.spend_for_address),
            contract=contract,
            budget=budget,
        )
    _handle_errors(app, Renderer(first.error_codes, settings.public_url))
    _add_pages(app.app, limiter)
    return app


def _middlewares(contract: Contract) -> list[Callable[[ASGIApp], ASGIApp]]:
    """From the outside in. Behind ``Threads`` everything runs in one worker thread."""
    return [
        Edge,
        ExceptionMiddleware,
        partial(docs.Pages, pages=docs.all_pages(contract.document)),
        Routing,
        partial(Threads, connection=base.connection, workers=WORKERS),
        SecurityMiddleware,
        Limits,
        Validation,
        ContextMiddleware,
    ]


def _handle_errors(app: App, renderer: Renderer) -> None:
    for kind in (MapTargeterError, HTTPException, ProblemException, Exception):
        app.add_error_handler(kind, renderer.answer)


def _add_pages(pages: flask.Flask, limiter: Limiter) -> None:
    pages.register_blueprint(dashboard.pages)
    pages.register_blueprint(health.pages(_database_answers, limiter))
    pages.add_url_rule("/", "start", lambda: flask.redirect("/dashboard/"))


def _database_answers() -> None:
    with base.connection():
        base.rows("SELECT 1")
