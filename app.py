"""The web application: the only file that knows every part of it."""

from collections.abc import Mapping

import flask
from starlette.types import ASGIApp

import dashboard
from core import config
from core.config import Settings
from core.limits import Limiter
from dashboard import Surroundings
from handlers import auth, docs, errors, exchange, health, stack
from handlers import metrics as metrics_page
from handlers.bridge import App, TagResolver
from handlers.contract import Contract, read
from handlers.limits import Budget
from handlers.rules import Rules
from models import base
from services import metrics


def create_app(settings: Settings | None = None, *, address_limit: int | None = None) -> ASGIApp:
    """Return the ASGI application of one process; read the settings from the environment when none are given.

    ``address_limit`` takes the place of every limit of requests from one address without a valid key. The database
    must have been migrated; nothing is opened before the first request.
    """
    apis = {docs.BASE: (Contract(read()), TagResolver())}
    return assemble(settings or Settings.from_env(), apis, address_limit)


def assemble(settings: Settings, apis: Mapping[str, tuple[Contract, TagResolver]], address_limit: int | None) -> App:
    """Return the application with a version of the API below each base path; the first has the pages."""
    config.configure(settings)
    base.connect(settings.database_url)
    limiter = Limiter.from_url(settings.limits_url)
    budget = Budget(limiter, address_limit)
    first = next(iter(apis.values()))[0]
    around = stack.middlewares(docs.all_pages(first.document), base.connection, settings.trusted_proxies)
    app = App(__name__, middlewares=around)
    for base_path, (contract, resolver) in apis.items():
        app.add_api(
            contract.document,
            base_path=base_path,
            resolver=resolver,
            security_map=auth.security_map(budget.spend_for_address),
            contract=contract,
            budget=budget,
        )
    errors.Renderer(first, settings.public_url).register(app)
    lent = Surroundings(base.connection, _present, errors.status_of, first.document, Rules(first))
    _add_pages(app.app, limiter, settings, lent)
    return app


def _add_pages(pages: flask.Flask, limiter: Limiter, settings: Settings, lent: Surroundings) -> None:
    dashboard.register(pages, lent)
    pages.register_blueprint(health.pages(_database_answers, limiter))
    pages.register_blueprint(metrics_page.pages(settings, metrics.snapshot))
    pages.add_url_rule("/", "start", lambda: flask.redirect("/dashboard/"))


def _present() -> exchange.Exchange:
    return exchange.of(flask.request.environ["asgi.scope"])


def _database_answers() -> None:
    with base.connection():
        base.rows("SELECT 1")
