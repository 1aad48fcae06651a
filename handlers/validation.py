"""Checks a whole request against the contract and reports everything that is wrong with it at once.

In place of connexion's validator, which parses parameters with Python's own ``int()``, reports the first problem only,
quotes the schema, and answers 500 to bytes that are not UTF-8 and to deep nesting.
"""

import copy
import json
from functools import lru_cache
from typing import Any

import orjson
from connexion.middleware.abstract import RoutedAPI, RoutedMiddleware
from connexion.operations.abstract import AbstractOperation
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import InvalidInput, InvalidJson, MapTargeterError, Violation
from handlers import exchange
from handlers.contract import JSON, Body, Contract, Operation
from handlers.errors import NotAcceptable, UnsupportedMediaType
from handlers.exchange import Exchange
from handlers.parameters import read_named, read_query
from handlers.violations import summary

DEEPEST = 64  # levels of a JSON body; the filter grammar needs a dozen


class ValidationOperation:
    """Validates requests for one operation and leaves the handler's arguments in the exchange."""

    def __init__(self, next_app: ASGIApp, operation: Operation) -> None:
        self._next = next_app
        self._operation = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        about = exchange.of(scope)
        about.arguments = arguments(self._operation, scope, about)
        await self._next(scope, receive, send)


class ValidationApi(RoutedAPI[ValidationOperation]):
    """The operations of one contract."""

    def __init__(self, *args: Any, contract: Contract, **options: Any) -> None:
        super().__init__(*args, **options)
        self._contract = contract
        self.add_paths()

    def make_operation(self, operation: AbstractOperation) -> ValidationOperation:
        return ValidationOperation(self.next_app, self._contract.operations[operation.operation_id])


class Validation(RoutedMiddleware[ValidationApi]):
    """The middleware; connexion calls the operation that was routed to."""

    api_cls = ValidationApi


def arguments(operation: Operation, scope: Scope, about: Exchange) -> dict[str, Any]:
    """Return what the handler is called with; raise InvalidInput with every violation, or for a broken HTTP rule."""
    _require_acceptable(scope, operation.produces)
    if operation.body:
        _require_json(scope, about)
    given, problems = read_query(scope["query_string"], operation.query)
    for parameters, sent in (
        (operation.in_path, _path_texts(about)),
        (operation.header, _header_texts(scope, operation)),
    ):
        if parameters:
            more, wrong = read_named(parameters, sent)
            given |= more
            problems += wrong
    if operation.body:
        given["body"], wrong = _body(operation.body, about.body, problems)
        problems += wrong
    if problems:
        raise InvalidInput(summary(problems), problems)
    return given


def parse_json(raw: bytes) -> Any:
    """Return the value of a JSON text; raise InvalidJson, also for what parsers only tolerate.

    Refused: bytes that are not UTF-8, NaN, more than DEEPEST levels, a name twice in one object.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidJson(f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno}).") from None
    if _depth(value) > DEEPEST:
        raise InvalidJson(f"The body is nested more than {DEEPEST} levels deep.")
    json.loads(raw, object_pairs_hook=_once)
    return value


@lru_cache(maxsize=256)
def accepts(header: str, produces: tuple[str, ...]) -> bool:
    """Tell whether an ``Accept`` header allows one of the media types (RFC 9110 section 12.5.1)."""
    ranges = [_range(part) for part in header.split(",")]
    for media in produces:
        fits = [item for item in ranges if item[0] in (media, media.split("/")[0] + "/*", "*/*")]
        if fits and max(fits, key=lambda item: (item[0] == media, item[0] != "*/*"))[1]:
            return True
    return False


def _range(text: str) -> tuple[str, bool]:
    """Return a media range and whether it is wanted (its weight is not 0)."""
    media, *parameters = (part.strip().lower() for part in text.split(";"))
    return media, not any(part in ("q=0", "q=0.0", "q=0.00", "q=0.000") for part in parameters)


def _require_acceptable(scope: Scope, produces: tuple[str, ...]) -> None:
    header = ",".join(exchange.header_values(scope, b"accept"))
    if header and produces and header != "*/*" and not accepts(header, produces):
        raise NotAcceptable(f"This operation answers with {' or '.join(produces)}.")


def _require_json(scope: Scope, about: Exchange) -> None:
    """Raise UnsupportedMediaType unless a body that was sent says that it is plain JSON."""
    coding = ",".join(exchange.header_values(scope, b"content-encoding")).lower()
    if coding not in ("", "identity"):
        raise UnsupportedMediaType("Send the body without a Content-Encoding.", headers={"Accept-Encoding": "identity"})
    sent = exchange.header_values(scope, b"content-type")
    if sent or about.body != b"":
        media, charset = _content_type(sent[0]) if len(sent) == 1 else ("", "")
        if media != JSON or charset not in ("", "utf-8"):
            raise UnsupportedMediaType(f"Send the body as {JSON}, in UTF-8.", headers={"Accept": JSON})


def _content_type(header: str) -> tuple[str, str]:
    media, *parameters = (part.strip().lower() for part in header.split(";"))
    charsets = [part.partition("=")[2].strip('"') for part in parameters if part.startswith("charset=")]
    return media, charsets[0] if charsets else ""


def _body(body: Body, raw: bytes | MapTargeterError, problems: list[Violation]) -> tuple[Any, list[Violation]]:
    if isinstance(raw, MapTargeterError):
        raise raw
    if not raw:
        missing = [Violation("body", "body", "missing", "a JSON body is required")] if body.required else []
        return {}, missing
    try:
        value = parse_json(raw)
    except InvalidJson as error:
        error.details = problems
        raise
    if not body.check.is_valid(value):
        return None, body.check.body(value)
    return ({**copy.deepcopy(body.defaults), **value} if body.defaults and isinstance(value, dict) else value), []


def _path_texts(about: Exchange) -> dict[str, list[str]]:
    return {name: [value] for name, value in about.path_values.items()}


def _header_texts(scope: Scope, operation: Operation) -> dict[str, list[str]]:
    return {part.name: exchange.header_values(scope, part.name.lower().encode()) for part in operation.header}


def _depth(value: Any) -> int:
    """Return how deep lists and objects are nested, level by level: recursion could be exhausted."""
    level, depth = [value], 0
    while level := [inner for inner in level if isinstance(inner, dict | list)]:
        depth += 1
        level = [inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer)]
    return depth


def _once(pairs: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise InvalidJson("The body names the same property twice in one object.")
