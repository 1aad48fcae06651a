"""The contract as the tests read it: apart from the server's own reading of it, and with another validator.

A fault in ``handlers.contract`` or ``handlers.schema`` would let the server break its word without noticing, so
nothing here comes from there.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastjsonschema
import orjson
import yaml

Document = dict[str, Any]
Check = Callable[[Any], str | None]
"""Says what is wrong with a value, or None."""

SPEC = Path(__file__).parent.parent / "spec" / "openapi.yaml"
JSON = "application/json"
METHODS = ("get", "put", "post", "delete", "patch")


@dataclass(frozen=True, slots=True)
class Header:
    required: bool
    kind: str
    check: Check


@dataclass(frozen=True, slots=True)
class Answer:
    """A documented answer. A body without a check is a file."""

    headers: dict[str, Header]
    bodies: dict[str, Check | None]


@dataclass(frozen=True, slots=True)
class Parameter:
    """``kind`` is the type of one value, ``many`` whether there may be several; ``example`` is None without one."""

    where: str
    name: str
    required: bool
    kind: str
    many: bool
    check: Check
    example: Any


@dataclass(frozen=True, slots=True)
class Operation:
    """``examples`` are the bodies that the contract shows."""

    id: str
    method: str
    template: str
    path: re.Pattern[str]
    secured: bool
    deprecated: bool
    scopes: frozenset[str]
    parameters: tuple[Parameter, ...]
    body: Check | None
    examples: tuple[Any, ...]
    answers: dict[int, Answer]


class Promises:
    """All operations and webhooks of one document. Schemas are compiled when they are first needed."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._compiled: dict[tuple[bytes, bool], Callable[[Any], Any]] = {}
        named = document["components"]["schemas"]
        self._open = {name: _draft4(schema, closed=False) for name, schema in named.items()}
        self._closed = {name: _draft4(schema, closed=True) for name, schema in named.items()}
        self.error_codes: list[str] = named["ErrorCode"]["enum"]
        self.error = self._check({"$ref": "#/components/schemas/Error"}, closed=True)
        self.operations = [
            self._operation(path, method, item[method], item.get("parameters", []))
            for path, item in document["paths"].items()
            for method in METHODS
            if method in item
        ]
        self.webhooks = {name: self._webhook(item["post"]) for name, item in document["x-webhooks"].items()}

    @classmethod
    def read(cls) -> "Promises":
        """Read the contract of this checkout."""
        return cls(yaml.load(SPEC.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader)))

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """Return the operation at a path below the API's base, and the values in the path; an exact path wins."""
        found = [
            (operation, match.groupdict())
            for operation in self.operations
            if operation.method == method and (match := operation.path.fullmatch(path))
        ]
        return min(found, key=lambda one: len(one[1]), default=None)

    def _operation(self, path: str, method: str, made: Document, shared: list[Document]) -> Operation:
        content = self.resolve(made["requestBody"])["content"][JSON] if "requestBody" in made else {}
        return Operation(
            id=made["operationId"],
            method=method.upper(),
            template=path,
            path=re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))),
            secured=bool(made.get("security", self.document["security"])),
            deprecated=made.get("deprecated", False),
            scopes=frozenset(made["x-scopes"]),
            parameters=tuple(self._parameter(self.resolve(one)) for one in [*made.get("parameters", []), *shared]),
            body=self._check(content["schema"], closed=False) if content else None,
            examples=tuple(self.examples(content)),
            answers={int(status): self._answer(self.resolve(one)) for status, one in made["responses"].items()},
        )

    def _parameter(self, made: Document) -> Parameter:
        schema = self.resolve(made["schema"])
        many = schema["type"] == "array"
        kind = self.resolve(schema["items"])["type"] if many else schema["type"]
        check = self._check(made["schema"], closed=False)
        required, example = made.get("required", False), made.get("example")
        return Parameter(made["in"], made["name"], required, kind, many, check, example)

    def _answer(self, made: Document) -> Answer:
        headers = {name.lower(): self._header(self.resolve(one)) for name, one in made.get("headers", {}).items()}
        return Answer(headers, {media: self._body(one["schema"]) for media, one in made.get("content", {}).items()})

    def _body(self, schema: Document) -> Check | None:
        return None if self.resolve(schema).get("format") == "binary" else self._check(schema, closed=True)

    def examples(self, content: Document) -> Iterator[Any]:
        """Give what stands in ``example`` and ``examples`` of a media type."""
        yield from [content["example"]] if "example" in content else []
        yield from (self.resolve(one)["value"] for one in content.get("examples", {}).values())

    def _header(self, made: Document) -> Header:
        kind = self.resolve(made["schema"])["type"]
        return Header(made.get("required", False), kind, self._check(made["schema"], closed=True))

    def _webhook(self, made: Document) -> Check:
        return self._check(made["requestBody"]["content"][JSON]["schema"], closed=True)

    def _check(self, schema: Document, *, closed: bool) -> Check:
        key = (orjson.dumps(schema), closed)

        def check(value: Any) -> str | None:
            if key not in self._compiled:
                self._compiled[key] = self._compile(schema, closed=closed)
            try:
                self._compiled[key](value)
            except fastjsonschema.JsonSchemaValueException as error:
                return f"{error.message} (rule {error.rule})"
            return None

        return check

    def _compile(self, schema: Document, *, closed: bool) -> Callable[[Any], Any]:
        whole = {
            "$schema": "http://json-schema.org/draft-04/schema",
            "allOf": [_draft4(schema, closed=closed)],
            "components": {"schemas": self._closed if closed else self._open},
        }
        compiled: Callable[[Any], Any] = fastjsonschema.compile(whole, use_default=False)
        return compiled

    def resolve(self, node: Document) -> Document:
        """Follow references until there is none."""
        while "$ref" in node:
            found: Any = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            node = found
        return node


def typed(text: str, kind: str) -> Any:
    """Return the value that a parameter or header text stands for; the text itself if it stands for none."""
    if kind == "integer" and re.fullmatch(r"-?[0-9]+", text):
        return int(text)
    if kind == "number" and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", text):
        return float(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


def _draft4(schema: Document, *, closed: bool) -> Document:
    """Return a schema of OpenAPI 3.0 as JSON Schema draft 4; closed, it allows no property that it does not name."""
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    made = {name: part for name, part in schema.items() if name not in ("example", "nullable", "discriminator")}
    for name in ("items", "additionalProperties", "not"):
        if isinstance(made.get(name), dict):
            made[name] = _draft4(made[name], closed=closed)
    for name in ("allOf", "anyOf", "oneOf"):
        if name in made:
            made[name] = [_draft4(part, closed=closed) for part in made[name]]
    if "properties" in made:
        made["properties"] = {name: _draft4(part, closed=closed) for name, part in made["properties"].items()}
    if closed and "properties" in made:
        made.setdefault("additionalProperties", False)
    return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") else made
