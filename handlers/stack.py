"""The order of everything between the socket and a handler."""

from collections.abc import Callable, Sequence
from functools import partial

from connexion.middleware.context import ContextMiddleware
from connexion.middleware.exceptions import ExceptionMiddleware
from connexion.middleware.security import SecurityMiddleware
from starlette.types import ASGIApp

from core.config import Network
from handlers.docs import Page, Pages
from handlers.edge import Edge
from handlers.limits import Limits
from handlers.routing import Routing
from handlers.threads import Connection, Threads
from handlers.validation import Validation

WORKERS = 16  # threads of one process: as many requests may wait for the database at once


def middlewares(
    pages: dict[str, Page], connection: Connection, proxies: Sequence[Network] = ()
) -> list[Callable[[ASGIApp], ASGIApp]]:
    """Return what stands around the handlers, from the outside in, for connexion's ``middlewares``.

    connexion's own are taken where they do their part. Of its others, those for routing and validation are replaced
    (each replacement says why), Swagger UI's would serve the expanded document, and the outermost would answer crashes
    in another shape. Behind ``Threads`` everything runs in one worker thread, with one database connection.
    """
    return [
        partial(Edge, proxies=proxies),
        ExceptionMiddleware,
        partial(Pages, pages=pages),
        Routing,
        partial(Threads, connection=connection, workers=WORKERS),
        SecurityMiddleware,
        Limits,
        Validation,
        ContextMiddleware,
    ]
