"""Second opinions on a change, found without the gate: a value that shows a break, and a proof by another program."""

from functools import cached_property
from typing import Any

from jsonschema_rs import canonicalize
from jsonschema_rs.canonical import Containment as Proof

from tests.spec.compat import Contract, Pair
from tests.spec.containment import Side
from tests.spec.samples import Sampler
from tests.spec.shapes import Node, Schemas, words_of


class Trial:
    """One change, ready to be tried out. ``known`` makes values of the old contract; it can serve many trials."""

    def __init__(self, before: Contract, after: Contract, known: Sampler | None = None) -> None:
        self._words = after.schemas.words
        self._sent, self._answered = before.schemas, after.schemas
        self._senders = known or Sampler(self._sent)
        self._answerers = Sampler(self._answered)

    def witness(self, pair: Pair) -> list[Any]:
        """Return a value that was fine for who writes it and is not for who reads it, if one is found."""
        _, node, reader, other = self._sides(pair)
        values = (self._senders if pair.side is Side.REQUEST else self._answerers).valid(node)
        check = reader.validator(other)
        return next(([value] for value in values if not check.is_valid(value)), [])

    def proof(self, pair: Pair) -> Proof:
        """Return whether jsonschema-rs proves that all that is written can be read."""
        writer, node, reader, other = self._sides(pair)
        written = canonicalize(writer.rooted(node), draft=20, validate_formats=True)
        return canonicalize(reader.rooted(other), draft=20, validate_formats=True).covers(written)

    @cached_property
    def _reader(self) -> Schemas:
        return Schemas({name: _read(node, self._words) for name, node in self._sent.named.items()})

    def _sides(self, pair: Pair) -> tuple[Schemas, Node, Schemas, Node]:
        if pair.side is Side.REQUEST:
            return self._sent, pair.old, self._answered, pair.new
        return self._answered, pair.new, self._reader, _read(pair.old, [*self._words, *words_of(pair.new)])


def _read(node: Any, words: list[str]) -> Any:
    """Return a schema as clients are told to read it: properties may come, and words where there are several."""
    if isinstance(node, list):
        return [_read(part, words) for part in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if (key, value) != ("additionalProperties", False)}
    made = {key: value if key == "not" else _read(value, words) for key, value in kept.items()}
    known = [word for word in node.get("enum", ()) if word is not None] if isinstance(node.get("enum"), list) else []
    if len(known) > 1 and all(isinstance(word, str) for word in known):
        made["enum"] = [*node["enum"], *(word for word in words if word not in node["enum"])]
    return made
