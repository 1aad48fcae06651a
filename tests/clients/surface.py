"""What a client must offer: each operation of the contract with each of its parameters, and nothing else."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.platform import ROOT

SPEC = ROOT / "spec" / "openapi.yaml"
PLACES = ("query", "path", "header")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: ``parameters`` are names by place."""

    id: str
    tag: str
    parameters: dict[str, list[str]]
    has_body: bool

    def names(self) -> set[str]:
        """Return the parameters as Python writes them."""
        return {name.lower().replace("-", "_") for place in PLACES for name in self.parameters[place]}

    def camel(self) -> str:
        """Return the id as TypeScript writes it."""
        first, *others = self.id.split("_")
        return first + "".join(word.capitalize() for word in others)


@cache
def operations() -> tuple[Operation, ...]:
    """Read them all from the contract."""
    document = yaml.safe_load(SPEC.read_text("utf-8"))
    return tuple(
        _operation(document, made, item.get("parameters", []))
        for item in document["paths"].values()
        for method, made in item.items()
        if method != "parameters"
    )


def _operation(document: dict[str, Any], made: dict[str, Any], shared: list[Any]) -> Operation:
    written = [_resolved(document, one) for one in [*shared, *made.get("parameters", [])]]
    parameters = {place: [one["name"] for one in written if one["in"] == place] for place in PLACES}
    return Operation(made["operationId"], made["tags"][0], parameters, "requestBody" in made)


def _resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


# -- Python: a module for each operation, or a class for each tag


def in_modules(api: Path) -> dict[str, set[str]]:
    """Return what openapi-python-client made: arguments by `tag.operation`; `body` is the body."""
    return {
        f"{path.parent.name}.{path.stem}": _arguments(function) - {"client"}
        for path in api.glob("*/*.py")
        for function in _functions(path)
        if function.name == "sync_detailed"
    }


def in_classes(api: Path) -> dict[str, set[str]]:
    """Return what openapi-generator made: arguments by `tag.operation`; the body has its type's name."""
    return {
        f"{path.stem.removesuffix('_api')}.{function.name}": _arguments(function)
        for path in api.glob("*_api.py")
        for function in _functions(path)
        if not function.name.startswith("_") and not function.name.endswith(("_with_http_info", "_response_format"))
    }


def _functions(path: Path) -> Iterator[ast.FunctionDef]:
    found = ast.walk(ast.parse(path.read_text("utf-8")))
    return (one for one in found if isinstance(one, ast.FunctionDef) and not _is_async_twin(one))


def _is_async_twin(function: ast.FunctionDef) -> bool:
    return function.name.endswith("_without_preload_content")


def _arguments(function: ast.FunctionDef) -> set[str]:
    given = [*function.args.args, *function.args.kwonlyargs]
    return {one.arg.rstrip("_") for one in given if one.arg != "self" and not one.arg.startswith("_")}


# -- TypeScript: a file that compiles only if all is there

HEAD = """\
type Keys<T> = [NonNullable<T>] extends [never] ? never : keyof NonNullable<T>;
// @ts-expect-error: that this check can fail
export const few: Record<Operations, true> = {{}};
// @ts-expect-error: in both directions
export const many: Record<Operations, true> = {{ ...({{}} as Record<Operations, true>), more: true }};
export const all: Record<Operations, true> = {all};
"""


def of_types(types: str) -> str:
    """Return a check of what openapi-typescript wrote to the module ``types``."""
    lines = [
        f'import type {{ operations }} from "{types}";',
        "type Operations = keyof operations;",
        HEAD.format(all=_object([one.id for one in operations()])),
    ]
    for one in operations():
        for place in PLACES:
            keys = f'Keys<operations["{one.id}"]["parameters"]["{place}"]>'
            lines.append(f"export const {one.id}_{place}: Record<{keys}, true> = {_object(one.parameters[place])};")
    return "\n".join(lines)


def of_functions(client: str) -> str:
    """Return a check of what @hey-api/openapi-ts wrote to the package ``client``."""
    lines = [
        f'import type * as types from "{client}/types.gen.js";',
        f'import type * as sdk from "{client}/sdk.gen.js";',
        "type Operations = keyof typeof sdk;",
        HEAD.format(all=_object([one.camel() for one in operations()])),
    ]
    for one in operations():
        data = f"types.{one.camel()[0].upper()}{one.camel()[1:]}Data"
        for place, key in zip(PLACES, ("query", "path", "headers"), strict=True):
            keys = f'{data} extends {{ {key}?: unknown }} ? Keys<{data}["{key}"]> : never'
            lines.append(f"export const {one.id}_{place}: Record<{keys}, true> = {_object(one.parameters[place])};")
    return "\n".join(lines)


def _object(names: list[str]) -> str:
    return "{ " + ", ".join(f'"{name}": true' for name in names) + " }"
