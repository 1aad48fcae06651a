"""The gate for changes of the contract: what would break a client that knows only the released one, by meaning.

Both documents are read as OpenAPI 3.1, where every schema is plain JSON Schema. A key of the contract that stands in no
table here must stay as it is: the gate does not guess what a change of it means.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.openapi import to_31
from tests.spec.containment import Containment, Side
from tests.spec.shapes import Node, Schemas, bare

Document = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PROSE = {"summary", "description", "externalDocs", "example", "examples", "deprecated", "x-deprecated-at", "links"}
_ROOT = {"openapi", "info", "tags", "externalDocs", "servers", "security", "paths", "components", "webhooks"}
_DEMANDS = {"security", "x-scopes", "x-cost", "x-limit", "x-sunset-at"}
_OPERATION = {"operationId", "tags", "parameters", "requestBody", "responses", *_DEMANDS}
_PARAMETER = {"name", "in", "required", "style", "explode", "schema"}
_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}


@dataclass(frozen=True, slots=True)
class Break:
    """One way in which a change breaks clients; said once for a component, with ``where`` the first use of it."""

    where: str
    rule: str
    message: str
    component: str = ""

    @property
    def key(self) -> str:
        """What the break is known by: a component is known by its own name, wherever it is used."""
        return self.component or self.where

    def __str__(self) -> str:
        return f"{self.where}: {self.message} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class Pair:
    """The old and the new schema of one value; ``side`` says who writes it."""

    where: str
    side: Side
    old: Node
    new: Node


@dataclass(frozen=True, slots=True)
class Call:
    """One operation or webhook, with everything that holds for it; ``parameters`` each with where it is written."""

    where: str
    made: Document
    parameters: dict[tuple[str, str], tuple[str, Document]]
    credentials: list[dict[str, frozenset[str]]]


class Contract:
    """One document, references to be resolved."""

    def __init__(self, document: Document) -> None:
        self.document = to_31(document)
        self.schemas = Schemas(self.document.get("components", {}).get("schemas", {}))
        self.calls = self._calls("paths", "")
        self.webhooks = self._calls("webhooks", "webhook ")

    def resolve(self, node: Document) -> Document:
        """Follow references to parts that are no schemas."""
        while "$ref" in node:
            found: Any = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            node = found
        return node

    def _calls(self, section: str, prefix: str) -> dict[tuple[str, str], Call]:
        return {
            (path, method): self._call(f"{prefix}{method.upper()} {path}", item, item[method])
            for path, item in self.document.get(section, {}).items()
            for method in METHODS
            if method in item
        }

    def _call(self, where: str, item: Document, made: Document) -> Call:
        listed = [*item.get("parameters", ()), *made.get("parameters", ())]
        found = {_identity(self.resolve(part)): (_place(part, ""), self.resolve(part)) for part in listed}
        shared = {f"path {key}": item[key] for key in item.keys() - {*METHODS, *_PROSE, "parameters"}}
        needed: list[dict[str, list[str]]] = {**self.document, **made}.get("security", [])
        return Call(
            where=where,
            made=shared | made,
            parameters={key: (place or f"{where} {' '.join(key)}", part) for key, (place, part) in found.items()},
            credentials=[self._credential(part) for part in needed] or [{}],
        )

    def _credential(self, needed: dict[str, list[str]]) -> dict[str, frozenset[str]]:
        schemes = self.document["components"]["securitySchemes"]
        return {_scheme(self.resolve(schemes[name])): frozenset(scopes) for name, scopes in needed.items()}


def breaking(old: Document, new: Document) -> list[Break]:
    """Return what in the 3.0 document ``new`` breaks clients of ``old``, without repeats; nothing if it is additive."""
    return breaks(Contract(old), Contract(new))


def breaks(old: Contract, new: Contract) -> list[Break]:
    """The same for contracts that are already read."""
    judges = {side: Containment(old.schemas, new.schemas, side) for side in Side}
    found: dict[tuple[str, str, str], Break] = {}
    for part in Comparison(old, new).parts():
        for made in _judge(judges[part.side], part) if isinstance(part, Pair) else [part]:
            found.setdefault((made.key, made.rule, made.message), made)
    return list(found.values())


class Comparison:
    """Walks two contracts side by side."""

    def __init__(self, old: Contract, new: Contract) -> None:
        self._old, self._new = old, new
        self._met: set[tuple[int, int, Side]] = set()

    def parts(self) -> Iterator[Break | Pair]:
        """Yield what breaks, and the pairs of schemas that are still to be judged; shared parts once."""
        yield from _unknown("document", self._old.document, self._new.document, _ROOT)
        yield from self._servers()
        for key, call in self._old.calls.items():
            if key in self._new.calls:
                yield from self._operation(call, self._new.calls[key])
            else:
                yield Break(call.where, "operation-removed", f"{call.made.get('operationId')} is gone")
        for key, call in self._old.webhooks.items():
            if key in self._new.webhooks:
                yield from self._webhook(call, self._new.webhooks[key])
            else:
                yield Break(call.where, "webhook-removed", "the event is gone")

    def _servers(self) -> Iterator[Break]:
        was, now = ([server["url"] for server in made.document.get("servers", ())] for made in (self._old, self._new))
        for url in was:
            if url not in now:
                yield Break("servers", "server-removed", f"{url} is gone")

    def _operation(self, was: Call, now: Call) -> Iterator[Break | Pair]:
        yield from _names(was, now)
        yield from _demands(was, now)
        yield from self._parameters(was, now, Side.REQUEST)
        yield from self._body(was, now, Side.REQUEST)
        yield from self._answers(was, now)

    def _webhook(self, was: Call, now: Call) -> Iterator[Break | Pair]:
        """A webhook is a call that we make: we write what stands as request, the receiver answers."""
        yield from _names(was, now)
        yield from self._parameters(was, now, Side.ANSWER)
        yield from self._body(was, now, Side.ANSWER)
        for status, answer in was.made["responses"].items():
            if status in now.made["responses"]:
                yield from self._answer(answer, now.made["responses"][status], Side.REQUEST, f"{was.where} {status}")
            else:
                yield Break(was.where, "status-removed", f"a receiver may no longer answer {status}")

    def _parameters(self, was: Call, now: Call, side: Side) -> Iterator[Break | Pair]:
        for key, (where, parameter) in was.parameters.items():
            if key in now.parameters:
                yield from self._parameter(parameter, now.parameters[key][1], side, where)
            else:
                yield Break(was.where, "parameter-removed", f"the parameter {' '.join(key)} is gone")
        for key in sorted(now.parameters.keys() - was.parameters.keys()):
            if side is Side.REQUEST and now.parameters[key][1].get("required"):
                yield Break(was.where, "parameter-required", f"the new parameter {' '.join(key)} is required")

    def _parameter(self, was: Document, now: Document, side: Side, where: str) -> Iterator[Break | Pair]:
        if self._is_met(was, now, side):
            return
        yield from _unknown(where, was, now, _PARAMETER)
        yield from _required(was, now, side, where, "parameter" if "name" in was else "header")
        if _style(was) != _style(now):
            yield Break(where, "style-changed", f"it was written {_style(was)}, is {_style(now)}")
        yield Pair(where, side, bare(was.get("schema", True)), bare(now.get("schema", True)))

    def _body(self, was: Call, now: Call, side: Side) -> Iterator[Break | Pair]:
        where = f"{was.where} body"
        before = self._old.resolve(was.made["requestBody"]) if "requestBody" in was.made else None
        after = self._new.resolve(now.made["requestBody"]) if "requestBody" in now.made else None
        if before and after:
            yield from _unknown(where, before, after, {"required", "content"})
            yield from _contents(before, after, side, where)
        elif before:
            yield Break(where, "body-removed", "the body is gone")
        if after:
            yield from _required(before or {}, after, side, where, "body")

    def _answers(self, was: Call, now: Call) -> Iterator[Break | Pair]:
        before, after = was.made["responses"], now.made["responses"]
        for status in before:
            side = Side.ANSWER if _is_success(status) else Side.ERROR
            if status in after:
                yield from self._answer(before[status], after[status], side, f"{was.where} {status}")
            else:
                yield Break(was.where, "status-removed", f"{status} is not answered any more")
        for status in sorted(after.keys() - before.keys()):
            yield from self._new_answer(was, status, after[status])

    def _new_answer(self, was: Call, status: str, answer: Document) -> Iterator[Break | Pair]:
        """A new error is fine if it is written like the errors that clients know."""
        expected = was.made["responses"]
        if _is_success(status):
            known = ", ".join(sorted(filter(_is_success, expected)))
            yield Break(was.where, "status-added", f"{status} is answered where clients expect {known}")
        elif error := next((expected[other] for other in expected if not _is_success(other)), None):
            where = f"{was.where} {status}"
            yield from _contents(self._old.resolve(error), self._new.resolve(answer), Side.ANSWER, where)

    def _answer(self, was: Document, now: Document, side: Side, where: str) -> Iterator[Break | Pair]:
        where = _place(was, where)
        was, now = self._old.resolve(was), self._new.resolve(now)
        if self._is_met(was, now, side):
            return
        yield from _unknown(where, was, now, {"headers", "content"})
        headers = {name.lower(): self._new.resolve(part) for name, part in now.get("headers", {}).items()}
        for name, part in was.get("headers", {}).items():
            if name.lower() in headers:
                place = _place(part, f"{where} {name}")
                yield from self._parameter(self._old.resolve(part), headers[name.lower()], side, place)
            else:
                yield Break(where, "header-removed", f"the header {name} is gone")
        yield from _contents(was, now, side, where)

    def _is_met(self, was: Document, now: Document, side: Side) -> bool:
        key = id(was), id(now), side
        seen = key in self._met
        self._met.add(key)
        return seen


def _judge(judge: Containment, pair: Pair) -> list[Break]:
    return [
        Break(f"{pair.where} {gap.place}".strip(), gap.rule, gap.message, gap.place if gap.place[:1].isalpha() else "")
        for gap in judge.gaps(pair.old, pair.new)
    ]


def _names(was: Call, now: Call) -> Iterator[Break]:
    yield from _unknown(was.where, was.made, now.made, _OPERATION)
    name, new_name = was.made.get("operationId"), now.made.get("operationId")
    if name != new_name:
        yield Break(was.where, "operation-renamed", f"{name} is now {new_name}: generated clients lose their method")
    tags, new_tags = was.made.get("tags", []), now.made.get("tags", [])
    if tags[:1] != new_tags[:1] or not set(tags) <= set(new_tags):
        yield Break(was.where, "tag-moved", f"{tags} is now {new_tags}: generated clients move their method")


def _demands(was: Call, now: Call) -> Iterator[Break]:
    if more := sorted(set(now.made.get("x-scopes", ())) - set(was.made.get("x-scopes", ()))):
        yield Break(was.where, "scope-added", f"keys now need {', '.join(more)}")
    cost, new_cost = was.made.get("x-cost", 1), now.made.get("x-cost", 1)
    if new_cost > cost:
        yield Break(was.where, "cost-raised", f"x-cost was {cost}, is {new_cost}")
    limit, new_limit = was.made.get("x-limit"), now.made.get("x-limit")
    if new_limit and not (limit and _admits(new_limit, limit)):
        yield Break(was.where, "limit-lowered", f"x-limit was {limit or 'none'}, is {new_limit}")
    end, new_end = was.made.get("x-sunset-at", ""), now.made.get("x-sunset-at", "")
    if end > new_end > "":
        yield Break(was.where, "sunset-sooner", f"it was to end at {end}, is at {new_end}")
    if not all(any(_suffices(have, need) for need in now.credentials) for have in was.credentials):
        where = was.where if "security" in {**was.made, **now.made} else "security"
        yield Break(where, "security-raised", "credentials that were enough are not any more")


def _admits(limit: dict[str, float], other: dict[str, float]) -> bool:
    """Tell whether who keeps the other limit keeps this one."""
    rates = [one["requests"] / one["seconds"] for one in (limit, other)]
    return limit["requests"] >= other["requests"] and rates[0] >= rates[1]


def _suffices(have: dict[str, frozenset[str]], need: dict[str, frozenset[str]]) -> bool:
    return all(name in have and scopes <= have[name] for name, scopes in need.items())


def _contents(was: Document, now: Document, side: Side, where: str) -> Iterator[Break | Pair]:
    for media, content in was.get("content", {}).items():
        if media not in now.get("content", {}):
            yield Break(where, "media-type-removed", f"{media} is gone")
            continue
        other = now["content"][media]
        yield from _unknown(where, content, other, {"schema"})
        yield Pair(f"{where} {media}", side, bare(content.get("schema", True)), bare(other.get("schema", True)))


def _required(was: Document, now: Document, side: Side, where: str, what: str) -> Iterator[Break]:
    if side is Side.REQUEST and now.get("required") and not was.get("required"):
        yield Break(where, f"{what}-required", "it is now required")
    if side is not Side.REQUEST and was.get("required") and not now.get("required"):
        yield Break(where, f"{what}-optional", "it may now be missing")


def _unknown(where: str, was: Document, now: Document, known: set[str]) -> Iterator[Break]:
    for key in sorted((was.keys() | now.keys()) - known - _PROSE):
        if was.get(key) != now.get(key):
            yield Break(where, "cannot-prove", f"{key} changed, and the gate cannot judge it")


def _place(node: Document, otherwise: str) -> str:
    return str(node.get("$ref", otherwise)).removeprefix("#/components/")


def _is_success(status: str) -> bool:
    return status[0] not in "45"


def _identity(parameter: Document) -> tuple[str, str]:
    name = parameter["name"]
    return parameter["in"], name.lower() if parameter["in"] == "header" else name


def _style(parameter: Document) -> str:
    style = parameter.get("style", _STYLES.get(parameter.get("in", "header")))
    return f"{style}, {'exploded' if parameter.get('explode', style == 'form') else 'joined'}"


def _scheme(scheme: Document) -> str:
    return str(sorted((key, str(scheme[key])) for key in scheme.keys() - {"description", "bearerFormat"}))
