"""Edits of the real contract: some break clients, some do not.

A place in the document is written as its keys with spaces between them, such as ``paths /scans post operationId``.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

Document = dict[str, Any]
Step = Callable[[Document], None]


@dataclass(frozen=True, slots=True)
class Edit:
    """One change somebody might make. ``rule`` is what the gate must call it; empty if it must pass."""

    name: str
    rule: str
    steps: tuple[Step, ...]

    def apply(self, document: Document) -> Document:
        """Return the changed copy; raise ValueError if nothing changed."""
        written = orjson.dumps(document)
        made: Document = orjson.loads(written)
        for step in self.steps:
            step(made)
        if orjson.dumps(made) == written:
            raise ValueError(f"{self.name}: the edit changes nothing")
        return made


def breaks(rule: str, name: str, *steps: Step) -> Edit:
    """Return an edit that the gate must refuse for this rule."""
    return Edit(name, rule, steps)


def fits(name: str, *steps: Step) -> Edit:
    """Return an edit that the gate must let pass."""
    return Edit(name, "", steps)


def at(document: Document, place: str) -> Any:
    """Return what stands at a place."""
    found: Any = document
    for key in place.split():
        found = found[int(key) if isinstance(found, list) else key]
    return found


def put(place: str, **values: Any) -> Step:
    """Set keys of the object at ``place``; ``ref`` stands for ``$ref``, ``in_`` for ``in``, ``not_`` for ``not``."""
    names = {"ref": "$ref", "in_": "in", "not_": "not"}
    return lambda document: at(document, place).update(
        {names.get(key, key): copy.deepcopy(values[key]) for key in values}
    )


def new(place: str, key: str, value: Any) -> Step:
    """Set one key that is no Python name."""
    return lambda document: at(document, place).__setitem__(key, copy.deepcopy(value))


def drop(place: str) -> Step:
    """Remove the key at the end of ``place``."""
    parent, _, key = place.rpartition(" ")
    return lambda document: at(document, parent).pop(key)


def move(place: str, name: str) -> Step:
    """Rename the key at the end of ``place``; its position stays."""
    parent, _, key = place.rpartition(" ")

    def step(document: Document) -> None:
        node = at(document, parent) if parent else document
        pairs = [(name if old == key else old, value) for old, value in node.items()]
        node.clear()
        node.update(pairs)

    return step


def add(place: str, *values: Any) -> Step:
    """Append to the list at ``place``."""
    return lambda document: at(document, place).extend(copy.deepcopy(values))


def take(place: str, value: Any) -> Step:
    """Remove a value from the list at ``place``."""
    return lambda document: at(document, place).remove(value)


def turn(place: str) -> Step:
    """Reverse the order at ``place``."""

    def step(document: Document) -> None:
        node = at(document, place)
        if isinstance(node, list):
            node.reverse()
            return
        pairs = list(node.items())[::-1]
        node.clear()
        node.update(pairs)

    return step


def text(old: str, replacement: str) -> Step:
    """Replace a whole text wherever it is a key or a value."""

    def changed(node: Any) -> Any:
        if isinstance(node, dict):
            return {replacement if key == old else key: changed(value) for key, value in node.items()}
        if isinstance(node, list):
            return [changed(part) for part in node]
        return replacement if node == old else node

    return lambda document: document.update(changed(document))


def ref(kind: str, name: str) -> dict[str, str]:
    """Return a reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}
