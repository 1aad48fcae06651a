"""Finds the operation of a request: one look-up, exact.

connexion routes with starlette, which answers a trailing slash with a redirect, knows only some of the methods for
``Allow``, and lets ``%0A`` past the mount, behind which security and validation are skipped. The tables here are a
drop-in for its RoutingMiddleware: they leave the same note in the scope for the middlewares that follow.
"""

from dataclasses import dataclass, field
from typing import Any

from connexion.middleware.abstract import ROUTING_CONTEXT, SpecMiddleware
from connexion.spec import Specification
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import NotFound
from handlers import exchange
from handlers.contract import Contract, Operation
from handlers.errors import MethodNotAllowed

NOWHERE = "There is nothing at this address."
Segments = tuple[str, ...]
Methods = dict[str, Operation]


@dataclass(slots=True)
class Table:
    """The operations of one API: by exact path, or, where a path has parameters, by its number of segments."""

    fixed: dict[Segments, Methods] = field(default_factory=dict)
    open: dict[int, list[tuple[Segments, Methods]]] = field(default_factory=dict)

    @classmethod
    def of(cls, contract: Contract) -> "Table":
        paths: dict[Segments, Methods] = {}
        for operation in contract.operations.values():
            paths.setdefault(_segments(operation.path), {})[operation.method] = operation
        table = cls()
        for template, methods in paths.items():
            if any(segment.startswith("{") for segment in template):
                table.open.setdefault(len(template), []).append((template, methods))
            else:
                table.fixed[template] = methods
        return table

    def find(self, path: str) -> tuple[Methods, dict[str, str]]:
        """Return the operations at ``path`` by method and the values of its parameters; raise NotFound."""
        segments = _segments(path)
        if segments in self.fixed:
            return self.fixed[segments], {}
        for template, methods in self.open.get(len(segments), ()):
            values = _match(template, segments)
            if values is not None:
                return methods, values
        raise NotFound(NOWHERE)


class Routing(SpecMiddleware):
    """Notes the operation in the scope, or refuses: 404, or 405 with every method that the path has."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._tables: dict[str, Table] = {}

    def add_api(self, specification: Specification, **options: Any) -> None:  # noqa: ARG002
        """Take the operations of one API; connexion passes on what ``App.add_api`` was given."""
        self._tables[options["base_path"]] = Table.of(options["contract"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        found: dict[str, str | None] = {"api_base_path": None, "operation_id": None}
        if not scope["path"].startswith("/") or "//" in scope["path"]:  # Flask takes //v1/leads for /v1/leads
            raise NotFound(NOWHERE)
        base_path = "/" + scope["path"].split("/", 2)[1]
        if base_path in self._tables:
            operation = self._operation(scope, base_path)
            found = {"api_base_path": base_path, "operation_id": operation.id}
        extensions = {**scope.get("extensions", {}), ROUTING_CONTEXT: found}
        await self.app({**scope, "extensions": extensions}, receive, send)

    def _operation(self, scope: Scope, base_path: str) -> Operation:
        path = scope["path"]
        if not path.isprintable() or "\ufffd" in path:  # control characters, and bytes that are not UTF-8
            raise NotFound(NOWHERE)
        methods, values = self._tables[base_path].find(path[len(base_path) :])
        operation = methods.get(scope["method"])
        if operation is None:
            raise MethodNotAllowed(_only(methods), headers={"Allow": ", ".join(_allowed(methods))})
        about = exchange.of(scope)
        about.operation, about.path_values = operation, values
        return operation


def _segments(path: str) -> Segments:
    return tuple(path.split("/")[1:])


def _match(template: Segments, segments: Segments) -> dict[str, str] | None:
    values = {}
    for wanted, given in zip(template, segments, strict=True):
        if wanted.startswith("{") and given:
            values[wanted[1:-1]] = given
        elif wanted != given:
            return None
    return values


def _allowed(methods: Methods) -> list[str]:
    return sorted({*methods, "HEAD"} if "GET" in methods else methods)


def _only(methods: Methods) -> str:
    return f"This address takes {', '.join(_allowed(methods))}."
