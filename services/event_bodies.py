"""What is sent of an event: the message of Standard Webhooks 1.0.0, and always under 20 kB.

What happened is told with the object it happened to, as the API shows it. One that is too large loses its largest
properties, in a way that still fits its schema; ``data.truncated`` names them and ``data.url`` has all of it. Pure.
"""

from typing import Any

import orjson

from core.geo import Area

LIMIT = 20_000
"""Bytes. Standard Webhooks: payloads "should be smaller than 20kb"."""

_KEPT_TEXT = 100
_PATHS = {
    "scan": "scans", "export": "exports", "enrichment": "enrichments", "webhook_endpoint": "webhook-endpoints",
}  # fmt: skip

Json = dict[str, Any]


def message(event_type: str, timestamp: str, facts: Json, data: Json, public_url: str) -> bytes:
    """Return the minified body: ``facts`` (id, account, sequence) and ``data``, such as ``{"scan": {...}}``."""
    whole = _body(event_type, timestamp, {**facts, **data})
    if len(whole) < LIMIT or not data:
        return whole
    [(name, thing)] = data.items()
    url = f"{public_url}/v1/{_PATHS.get(name, name)}/{thing.get('id', '')}"
    thing, cut = dict(thing), []
    for key in sorted(thing, key=lambda key: -len(orjson.dumps(thing[key]))):
        thing[key] = _less(key, thing[key])
        cut.append(f"{name}.{key}")
        body = _body(event_type, timestamp, {**facts, "truncated": cut, "url": url, name: thing})
        if len(body) < LIMIT:
            break
    return body


def _body(event_type: str, timestamp: str, data: Json) -> bytes:
    return orjson.dumps({"type": event_type, "timestamp": timestamp, "data": data})


def _less(key: str, value: Any) -> Any:
    """Return a small value of the same kind: an area's bounding box, an empty list or object, the start of a text."""
    if key == "area" and isinstance(value, dict):
        return {"bbox": list(Area.from_json(value).bbox)}
    if isinstance(value, dict | list):
        return type(value)()
    return value[:_KEPT_TEXT] if isinstance(value, str) else value
