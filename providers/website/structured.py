"""schema.org data in a page, however it is written, as plain dicts: JSON-LD (broken too), microdata, RDFa Lite.

https://schema.org/docs/gs.html, https://html.spec.whatwg.org/multipage/microdata.html, https://www.w3.org/TR/rdfa-lite/
"""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from selectolax.lexbor import LexborHTMLParser, LexborNode

from providers.website.document import attribute
from providers.website.facts import Method

Node = dict[str, Any]
MAX_NODES = 2_000
MAX_DEPTH = 16
MAX_SCRIPT = 500_000
MAX_PROPERTIES = 3_000
_WRAPPING = re.compile(r"\A\s*(?://\s*)?(?:<!\[CDATA\[|<!--)|(?://\s*)?(?:\]\]>|-->)\s*;?\s*\Z")
_TRAILING_COMMA = re.compile(r",(?=\s{0,200}[}\]])")
_MISSING_COMMA = re.compile(r"(?<=[\"}\]])(?=\s{0,20}\n\s{0,200}\"[\w@]{1,60}\"\s?:)")
_COMMENT = re.compile(r"(?m)^\s{0,200}//[^\n]*$|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/")


@dataclass(frozen=True, slots=True)
class _Dialect:
    """The attributes that mark an item, its type and its properties."""

    method: Method
    scope: str
    kind: str
    name: str


_DIALECTS = (
    _Dialect("microdata", "itemscope", "itemtype", "itemprop"),
    _Dialect("rdfa", "typeof", "typeof", "property"),
)


def items(tree: LexborHTMLParser) -> list[tuple[Method, Node]]:
    """Return the page's top-level items, each with how it was written. Values are text, dicts, or lists of these."""
    found: list[tuple[Method, Node]] = [("json-ld", node) for node in _json_ld(tree)]
    for dialect in _DIALECTS:
        found += [(dialect.method, node) for node in _marked_up(tree, dialect)]
    return found[:MAX_NODES]


def types(node: Node) -> list[str]:
    """Return the names of an item's types without their vocabulary: ``["Restaurant"]``."""
    return [short(kind) for kind in texts(node.get("@type"))]


def short(name: str) -> str:
    """Return the last part of a vocabulary's term: ``Monday`` of ``https://schema.org/Monday``."""
    return re.split(r"[/#:]", name.strip().rstrip("/"))[-1]


def values(value: Any) -> list[Any]:
    """Return what a property holds as a list; JSON-LD's ``@list`` and ``@set`` opened."""
    if isinstance(value, dict) and ("@list" in value or "@set" in value):
        value = value.get("@list") or value.get("@set")
    if isinstance(value, list):
        return value[:200]
    return [] if value is None else [value]


def texts(value: Any) -> list[str]:
    """Return the texts and numbers that a property holds, as text, none empty; of an item its ``@value`` or ``@id``."""
    found = []
    for one in values(value):
        if isinstance(one, dict):
            one = one.get("@value") or one.get("@id") or one.get("name") or one.get("url")
        if isinstance(one, str | int | float) and not isinstance(one, bool):
            found.append(" ".join(html.unescape(str(one)).split())[:1000])
    return [text for text in found if text]


def text(value: Any) -> str | None:
    """Return the first text that a property holds."""
    return next(iter(texts(value)), None)


def nodes(value: Any) -> list[Node]:
    """Return the items that a property holds."""
    return [one for one in values(value) if isinstance(one, dict)]


def _json_ld(tree: LexborHTMLParser) -> Iterator[Node]:
    scripts = tree.css('script[type*="ld+json" i]')[:50]
    for script in scripts:
        data = _parsed(script.text()[:MAX_SCRIPT])
        for one in values(data):
            if isinstance(one, dict):
                yield from _graph(one)


def _graph(node: Node) -> list[Node]:
    """The items of ``@graph`` with references between them resolved one level, or the item itself."""
    inner = nodes(node.get("@graph"))
    if not inner:
        return [node]
    known = {one["@id"]: one for one in inner if isinstance(one.get("@id"), str)}
    return [{key: _resolved(value, known) for key, value in one.items()} for one in inner[:MAX_NODES]]


def _resolved(value: Any, known: dict[str, Node]) -> Any:
    if isinstance(value, dict) and set(value) == {"@id"} and isinstance(value["@id"], str):
        return known.get(value["@id"], value)
    if isinstance(value, list):
        return [_resolved(one, known) for one in value[:200]]
    return value


def _parsed(code: str) -> Any:
    """The value of a script, repaired where it is broken in one of the usual ways; None if nothing helps."""
    code = _WRAPPING.sub("", _WRAPPING.sub("", code)).strip().rstrip(";")
    repairs = (
        lambda text: text,
        lambda text: _TRAILING_COMMA.sub("", _COMMENT.sub("", text)),
        lambda text: _MISSING_COMMA.sub(",", _TRAILING_COMMA.sub("", text)),
        lambda text: _TRAILING_COMMA.sub("", html.unescape(text)),
        lambda text: _TRAILING_COMMA.sub("", text.translate({0x201C: '"', 0x201D: '"', 0xA0: " "})),
    )
    for repair in repairs:
        fixed = repair(code)
        try:
            return orjson.loads(fixed)
        except orjson.JSONDecodeError:
            pass
        if (found := _leniently(fixed)) is not None:
            return found
    return None


def _leniently(code: str) -> Any:
    """What Python's parser makes of it: it takes line breaks in texts, and objects written one after another."""
    decoder, at = json.JSONDecoder(strict=False), 0
    found: list[Any] = []
    while at < len(code) and len(found) < 50:
        try:
            value, at = decoder.raw_decode(code, at)
        except (ValueError, RecursionError):
            break
        found.append(value)
        while at < len(code) and code[at] in " \t\r\n,;":
            at += 1
    return [one for value in found for one in values(value)] if found else None


def _marked_up(tree: LexborHTMLParser, dialect: _Dialect) -> list[Node]:
    """The items that are marked in the page's elements, each property in the nearest item around it."""
    scopes = tree.css(f"[{dialect.scope}]")[:MAX_NODES]
    if not scopes:
        return []
    made: dict[int, Node] = {scope.mem_id: {"@type": attribute(scope, dialect.kind).split()} for scope in scopes}
    inner: set[int] = set()
    for element in tree.css(f"[{dialect.name}]")[:MAX_PROPERTIES]:
        holder = _holder(element, made)
        if holder is None:
            continue
        own = made.get(element.mem_id)
        for name in attribute(element, dialect.name).split()[:5]:
            made[holder].setdefault(short(name), []).append(_value(element) if own is None else own)
        if own is not None:
            inner.add(element.mem_id)
    return [node for key, node in made.items() if key not in inner]


def _holder(element: LexborNode, made: dict[int, Node]) -> int | None:
    parent = element.parent
    while parent is not None:
        if parent.mem_id in made:
            return int(parent.mem_id)
        parent = parent.parent
    return None


def _value(element: LexborNode) -> str:
    """What an element says as a property: HTML standard, "values" of microdata; ``content`` wins, as in RDFa."""
    stated = element.attributes.get("content")
    if stated is None and element.tag in ("time", "data", "meter"):
        stated = element.attributes.get("datetime") or element.attributes.get("value")
    if stated is None and element.tag in ("a", "link", "area"):
        href = element.attributes.get("href") or ""
        stated = element.text(deep=True, separator=" ") if href.startswith(("tel:", "mailto:", "#")) else href
    if stated is None and element.tag in ("img", "source", "iframe", "embed"):
        stated = element.attributes.get("src") or ""
    return " ".join((stated if stated is not None else element.text(deep=True, separator=" ")).split())[:1000]
