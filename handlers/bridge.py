"""connexion's Flask application with a shorter way in and out.

Two parts of it are replaced. Its WSGI server: inside a worker thread the application can be called directly. And
its view functions: they parse and validate again what the edge has validated, and decorate the handler anew for each
request; here the handler is called with the validated arguments.
"""

import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import flask
from a2wsgi import WSGIMiddleware
from connexion.apps.flask import FlaskApi, FlaskApp, FlaskASGIApp
from connexion.operations.abstract import AbstractOperation
from connexion.resolver import Resolution, Resolver
from connexion.spec import Specification
from starlette.exceptions import HTTPException
from starlette.types import Scope
from werkzeug.exceptions import HTTPException as FlaskException
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response

from handlers import exchange, operations
from handlers.threads import STREAM

_WHOLE_UP_TO = 1_000_000  # bytes of an answer that are collected rather than streamed
Headers = list[tuple[bytes, bytes]]


class TagResolver(Resolver):
    """Finds ``list_leads`` of the tag ``leads`` in ``handlers/leads.py``. The operation id stays as it is written."""

    def resolve(self, operation: AbstractOperation) -> Resolution:
        name = operation.operation_id
        return Resolution(self.function_resolver(f"{self.module(operation)}.{name}"), name)

    @staticmethod
    def module(operation: AbstractOperation) -> str:
        return f"handlers.{operation._operation['tags'][0]}"


class Wsgi(WSGIMiddleware):
    """Calls a WSGI application in the present thread and passes on its answer."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        started: list[Any] = []
        call: Any = self.app  # its types are those of another WSGI server
        chunks = call(environ(scope), lambda *line: started.append(line))
        status, fields = started[0][:2]
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields]
        await send({"type": "http.response.start", "status": int(status.split(" ", 1)[0]), "headers": headers})
        if _is_short(headers):
            await send({"type": "http.response.body", "body": _whole(chunks)})
        else:
            await send({"type": STREAM, "chunks": chunks})


class Inside(FlaskASGIApp):
    """The Flask application, called directly."""

    def __init__(self, import_name: str, server_args: dict[str, Any]) -> None:
        super().__init__(import_name, server_args)
        call: Any = self.app.wsgi_app
        self.asgi_app = Wsgi(call)
        # connexion raises these anew without their headers: a redirect loses its target, a 405 its Allow
        self.app.register_error_handler(RequestRedirect, lambda error: error.get_response())

    def add_api(self, specification: Specification, *, name: str | None = None, **options: Any) -> FlaskApi:
        api = Api(specification, **options)
        self.app.register_blueprint(api.blueprint, name=name or api.blueprint.name)
        return api


class Api(FlaskApi):
    """The operations of one contract as Flask views."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._contract = options["contract"]
        super().__init__(*args, **options)

    def make_operation(self, operation: AbstractOperation) -> Callable[..., Response]:
        return operations.view(self._contract, self._contract.operations[operation.operation_id], operation.function)


class App(FlaskApp):
    """connexion's application around ``Inside``; its constructor makes another, which is exchanged."""

    def __init__(self, import_name: str, **options: Any) -> None:
        super().__init__(import_name, **options)
        self._middleware_app = self.middleware.app = Inside(import_name, {})
        self.app = self._middleware_app.app
        self.app.register_error_handler(FlaskException, _with_headers)


def environ(scope: Scope) -> dict[str, Any]:
    """Return the WSGI environment of a request whose body has been read."""
    about = exchange.of(scope)
    body = about.body if isinstance(about.body, bytes) else b""
    host, port = scope.get("server") or ("localhost", 80)
    made: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": scope.get("root_path", ""),
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope.get('http_version', '1.1')}",
        "REMOTE_ADDR": scope["client"][0] if scope.get("client") else "",
        "CONTENT_LENGTH": str(len(body)),
        "asgi.scope": scope,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    made.update(_variables(scope["headers"]))
    return made


def _variables(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    made: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1").upper(), value.decode("latin-1")
        if key == "CONTENT-TYPE":
            made["CONTENT_TYPE"] = text
        elif key != "CONTENT-LENGTH" and "_" not in key:  # X_API_KEY would pass itself off as X-API-KEY
            variable = "HTTP_" + key.replace("-", "_")
            joint = "; " if key == "COOKIE" else ","
            made[variable] = made[variable] + joint + text if variable in made else text
    return made


def _is_short(headers: Headers) -> bool:
    return any(name == b"content-length" and int(value) <= _WHOLE_UP_TO for name, value in headers)


def _whole(chunks: Iterable[bytes]) -> bytes:
    try:
        return b"".join(chunks)
    finally:
        getattr(chunks, "close", lambda: None)()


def _with_headers(error: FlaskException) -> flask.Response:
    headers = {"Allow": ", ".join(sorted(error.valid_methods or ()))} if isinstance(error, MethodNotAllowed) else None
    raise HTTPException(error.code or 500, detail=error.description or "", headers=headers)
