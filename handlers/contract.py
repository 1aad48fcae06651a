"""The contract, read once and compiled: what each operation takes and what it may answer.

``spec/openapi.yaml`` is the only place where names, types and bounds are written; everything here is derived from it.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import yaml

from core import clock
from handlers.parameters import NOTHING, Parameter
from handlers.schema import Schemas
from handlers.violations import Check

SPEC = Path(__file__).resolve().parent.parent / "spec" / "openapi.yaml"
JSON = "application/json"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# headers that mean something to a client, so no answer has them unless the contract says so
TELLING_HEADERS = frozenset(
    {
        "accept-ranges",
        "content-disposition",
        "content-range",
        "etag",
        "last-modified",
        "link",
        "location",
        "retry-after",
    }
)
# what the edge adds to every answer where it belongs; a handler need not
EDGE_HEADERS = frozenset({"deprecation", "ratelimit", "ratelimit-policy", "sunset", "www-authenticate", "x-request-id"})

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Body:
    """The JSON body of an operation. ``defaults`` are those of its properties."""

    required: bool
    check: Check
    defaults: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """An answer with a list ``data``, in two parts: all ``around`` the rows, and each of the ``rows``."""

    around: Check
    rows: Check


@dataclass(frozen=True, slots=True)
class Answer:
    """One documented answer: the headers it may have, and its bodies by media type (None: a file, not looked into)."""

    headers: frozenset[str]
    bodies: dict[str, Check | None]
    page: Page | None


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests of one address in so many seconds."""

    requests: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, compiled. ``secured`` tells whether it needs a key; ``produces`` is what it answers on success.

    ``limit`` is one that only an operation without a key has, in place of the minute that all others share. ``notices``
    are the headers that tell of its end, on every answer of a deprecated operation.
    """

    id: str
    tag: str
    method: str
    path: str
    secured: bool
    scopes: tuple[str, ...]
    cost: int
    limit: Limit | None
    query: tuple[Parameter, ...]
    in_path: tuple[Parameter, ...]
    header: tuple[Parameter, ...]
    body: Body | None
    answers: dict[int, Answer]
    produces: tuple[str, ...]
    notices: tuple[tuple[bytes, bytes], ...] = ()


class Contract:
    """All operations of one document, by id."""

    def __init__(self, document: Document) -> None:
        self.document = document
        schemas = document["components"]["schemas"]
        self._schemas = Schemas(schemas)
        self.error_check = self._schemas.for_answer({"$ref": "#/components/schemas/Error"})
        named = frozenset(name for *_, made in self._walk() for name in self._header_names(made))
        self.headers = (named | TELLING_HEADERS) - EDGE_HEADERS
        self.operations = {
            made["operationId"]: self._operation(path, method, made) for path, method, made in self._walk()
        }

    def _walk(self) -> Iterator[tuple[str, str, Document]]:
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    shared = item.get("parameters", [])
                    yield path, method, item[method] | {"parameters": [*item[method].get("parameters", []), *shared]}

    def _operation(self, path: str, method: str, made: Document) -> Operation:
        parameters = [self._parameter(self._resolve(part)) for part in made["parameters"]]
        answers = {int(status): self._answer(self._resolve(part)) for status, part in made["responses"].items()}
        success = [media for status, answer in answers.items() if status < 300 for media in answer.bodies]
        return Operation(
            id=made["operationId"],
            tag=made["tags"][0],
            method=method.upper(),
            path=path,
            secured=bool(made.get("security", self.document.get("security"))),
            scopes=tuple(made.get("x-scopes", ())),
            cost=made.get("x-cost", 1),
            limit=Limit(**made["x-limit"]) if "x-limit" in made else None,
            query=tuple(part for part in parameters if part.where == "query"),
            in_path=tuple(part for part in parameters if part.where == "path"),
            header=tuple(part for part in parameters if part.where == "header"),
            body=self._body(self._resolve(made["requestBody"])) if "requestBody" in made else None,
            answers=answers,
            produces=tuple(dict.fromkeys(success)),
            notices=_notices(made),
        )

    def _parameter(self, made: Document) -> Parameter:
        schema = self._resolve(made["schema"])
        items = self._resolve(schema.get("items", {}))
        return Parameter(
            where=made["in"],
            name=made["name"],
            kind=schema["type"],
            item_kind=items.get("type", "string"),
            required=made.get("required", False),
            explode=made.get("explode", made["in"] == "query") and schema["type"] == "array",
            default=copy.deepcopy(schema["default"]) if "default" in schema else NOTHING,
            check=self._schemas.for_request(made["schema"]),
        )

    def _body(self, made: Document) -> Body:
        schema = made["content"][JSON]["schema"]
        properties = self._resolve(schema).get("properties", {})
        resolved = {name: self._resolve(part) for name, part in properties.items()}
        defaults = {name: part["default"] for name, part in resolved.items() if "default" in part}
        return Body(made.get("required", False), self._schemas.for_request(schema), defaults)

    def _answer(self, made: Document) -> Answer:
        bodies = {}
        for media, content in made.get("content", {}).items():
            schema = self._resolve(content["schema"])
            is_file = schema.get("format") == "binary" or schema.get("x-file")  # sent as it is read, whatever its size
            bodies[media] = None if is_file else self._schemas.for_answer(content["schema"])
        return Answer(frozenset(name.lower() for name in made.get("headers", {})), bodies, self._page(made))

    def _page(self, made: Document) -> Page | None:
        schema = self._resolve(made.get("content", {}).get(JSON, {}).get("schema", {}))
        data = self._resolve(schema.get("properties", {}).get("data", {}))
        if "items" not in data:
            return None
        any_rows = {name: value for name, value in data.items() if name != "items"}
        around = {**schema, "properties": {**schema["properties"], "data": any_rows}}
        return Page(self._schemas.for_answer(around), self._schemas.for_answer(data["items"]))

    def _header_names(self, made: Document) -> Iterator[str]:
        for answer in made["responses"].values():
            yield from (name.lower() for name in self._resolve(answer).get("headers", {}))

    def _resolve(self, node: Document) -> Document:
        while "$ref" in node:
            found: Any = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            node = found
        return node


def _notices(made: Document) -> tuple[tuple[bytes, bytes], ...]:
    """Return ``Deprecation`` (RFC 9745) and ``Sunset`` (RFC 8594) as the operation's ``x-deprecated-at`` and
    ``x-sunset-at`` date them; a deprecated operation has the first, and the second once its end is known.
    """
    if not made.get("deprecated"):
        return ()
    since = clock.parse(made["x-deprecated-at"])
    notices = [(b"deprecation", f"@{int(since.timestamp())}".encode())]
    if "x-sunset-at" in made:
        notices.append((b"sunset", format_datetime(clock.parse(made["x-sunset-at"]), usegmt=True).encode()))
    return tuple(notices)


def read(path: Path = SPEC) -> Document:
    """Read the document. With libyaml if it is there: ten times as fast."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: Document = yaml.load(path.read_bytes(), loader)  # noqa: S506 (both loaders are safe ones)
    return document
