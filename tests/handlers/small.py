"""A contract of a few operations that do on request what real handlers should never do, behind the real edge."""

from collections.abc import Callable, Iterator
from typing import Any

import flask
from connexion.operations.abstract import AbstractOperation
from connexion.resolver import Resolution

from core import errors
from handlers import auth, contract, responses
from handlers.bridge import TagResolver
from handlers.contract import Contract, Document

_ERRORS = {
    "400": "BadRequest", "401": "Unauthorized", "403": "Forbidden", "404": "NotFound", "406": "NotAcceptable",
    "409": "Conflict", "413": "PayloadTooLarge", "415": "UnsupportedMediaType", "429": "TooManyRequests",
    "500": "InternalError", "503": "Unavailable",
}  # fmt: skip
BIG_CHUNKS = 40
CHUNK = b"0123456789abcdef" * 8192

todo: dict[str, Callable[[], Any]] = {}  # what ``misbehave`` does, by name
taken: dict[str, Any] = {}  # the arguments that ``list_things`` got last


def _operation(name: str, success: Document, **more: Any) -> Document:
    documented = {status: {"$ref": f"#/components/responses/{error}"} for status, error in _ERRORS.items()}
    made = {"operationId": name, "tags": ["small"], "x-scopes": ["leads:read"], "x-cost": 1}
    return made | {"responses": success | documented} | more


def _json(schema: Document, status: str = "200", **headers: Document) -> Document:
    return {status: {"description": "Good.", "headers": headers, "content": {"application/json": {"schema": schema}}}}


def _query(name: str, **schema: Any) -> Document:
    return {"name": name, "in": "query", "schema": schema}


THING = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "size": {"type": "integer", "nullable": True}},
}
PAGE = {
    "type": "object",
    "required": ["data"],
    "properties": {"data": {"type": "array", "maxItems": 3, "items": {"$ref": "#/components/schemas/Thing"}}},
}
NEW_THING = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 10},
        "format": {"type": "string", "enum": ["csv", "json"], "default": "csv"},
        "parts": {"type": "array", "maxItems": 3, "items": {"$ref": "#/components/schemas/NewThing"}},
        "until": {"type": "string", "format": "date-time", "nullable": True},
        "anything": {},
    },
}
PARAMETERS = [
    _query("limit", type="integer", minimum=1, maximum=100, default=50),
    _query("ratio", type="number", minimum=0, maximum=1),
    _query("flag", type="boolean"),
    _query("text", type="string", minLength=1, maxLength=20, pattern="^[^\\u0000]*$"),
    {**_query("near", type="array", minItems=2, maxItems=2, items={"type": "number"}), "explode": False},
    _query("colour", type="array", maxItems=3, items={"type": "string", "enum": ["red", "green"]}),
]
FILE = {"200": {"description": "A file.", "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}}}}
HOW = {"name": "how", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[a-z_]+$"}}
KEY = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "pattern": "^[!-~]+$"}}
POST_BODY = {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewThing"}}}}
LOCATION = {"schema": {"type": "string"}}


def document() -> Document:
    """Return the small contract, with the errors of the real one."""
    real = contract.read()
    thing = {"$ref": "#/components/schemas/Thing"}
    paths = {
        "/things": {
            "get": _operation("list_things", _json(thing), parameters=PARAMETERS),
            "post": _operation(
                "create_thing", _json(thing, "201", Location=LOCATION), parameters=[KEY], requestBody=POST_BODY,
                **{"x-scopes": ["scans:write"], "x-cost": 3},
            ),
        },
        "/things/{how}": {
            "get": _operation("misbehave", _json(thing), parameters=[HOW]),
            "delete": _operation("delete_thing", {"204": {"description": "Gone."}}, parameters=[HOW]),
        },
        "/things/file": {"get": _operation("send_file", FILE)},
        "/old": {
            "get": _operation(
                "old_thing", _json(thing), deprecated=True,
                **{"x-deprecated-at": "2026-01-01T00:00:00Z", "x-sunset-at": "2027-07-01T00:00:00Z"},
            ),
        },
        "/pages": {"get": _operation("get_page", _json(PAGE))},
        "/ping": {"get": _operation("ping", _json(thing), security=[], **{"x-scopes": []})},
    }  # fmt: skip
    parts = real["components"]
    kept = {
        name: parts["schemas"][name]
        for name in ("Error", "ErrorBody", "ErrorCode", "ErrorLocation", "Violation", "ViolationCode")
    }
    components = {
        "securitySchemes": parts["securitySchemes"],
        "headers": parts["headers"],
        "responses": {name: parts["responses"][name] for name in _ERRORS.values()},
        "schemas": kept | {"Thing": THING, "NewThing": NEW_THING},
    }
    return {**real, "paths": paths, "components": components, "x-webhooks": {}, "tags": [{"name": "small"}]}


class Here(TagResolver):
    """Finds the handlers in this module."""

    def resolve(self, operation: AbstractOperation) -> Resolution:
        return Resolution(globals()[operation.operation_id], operation.operation_id)


def api() -> tuple[Contract, Here]:
    """Return what ``app.assemble`` mounts."""
    return Contract(document()), Here()


def old_thing() -> dict[str, Any]:
    return {"name": "old"}


def list_things(
    limit: int,
    ratio: float | None = None,
    flag: bool | None = None,
    text: str | None = None,
    near: list[float] | None = None,
    colour: list[str] | None = None,
) -> dict[str, Any]:
    taken.clear()
    taken.update(limit=limit, ratio=ratio, flag=flag, text=text, near=near, colour=colour)
    return {"name": "things", "size": None}


def create_thing(body: dict[str, Any], idempotency_key: str | None = None) -> responses.Answer:
    taken.clear()
    taken.update(body=body, idempotency_key=idempotency_key, caller=auth.caller())
    return responses.created({"name": body["name"]}, "/v1/things/x")


def misbehave(how: str) -> Any:
    if how not in todo:
        raise errors.NotFound("There is no such thing.")
    return todo[how]()


def delete_thing(how: str) -> responses.Answer:
    return responses.no_content()


def get_page() -> Any:
    return todo["page"]()


def ping() -> dict[str, Any]:
    return {"name": "pong"}


def send_file() -> flask.Response:
    def chunks() -> Iterator[bytes]:
        for _ in range(BIG_CHUNKS):
            yield CHUNK

    return flask.Response(chunks(), mimetype="text/csv", headers={"Content-Length": str(BIG_CHUNKS * len(CHUNK))})
