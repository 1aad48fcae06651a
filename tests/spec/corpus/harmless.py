"""Edits that break nobody."""

import copy
from typing import Any

from tests.spec.corpus import Document, Edit, Step, add, at, drop, fits, move, new, put, ref, take, text, turn

_SCHEMAS = "components schemas"
_PARAMETERS = "components parameters"
_LISTED = {"name": "lang", "in": "query", "schema": {"type": "string", "maxLength": 5, "default": "en"}}


def _inline(place: str, kind: str, name: str) -> Step:
    """Write what a reference names in its place."""

    def step(document: Document) -> None:
        written = copy.deepcopy(at(document, f"components {kind} {name}"))
        node = at(document, place)
        del node["$ref"]
        node.update(written)

    return step


def _extract(place: str, name: str) -> Step:
    """Give an inline schema a name, and refer to it."""

    def step(document: Document) -> None:
        node: dict[str, Any] = at(document, place)
        document["components"]["schemas"][name] = dict(node)
        node.clear()
        node.update(ref("schemas", name))

    return step


def _split(name: str) -> Step:
    """Write an object as two parts that both hold."""

    def step(document: Document) -> None:
        whole = document["components"]["schemas"][name]
        names = list(whole["properties"])
        parts = [
            {"type": "object", "properties": {key: whole["properties"][key] for key in half}, "required": half}
            for half in (names[::2], names[1::2])
        ]
        document["components"]["schemas"][name] = {"allOf": parts}

    return step


def _to_path(path: str, method: str) -> Step:
    """Move an operation's parameters to its path."""

    def step(document: Document) -> None:
        item = document["paths"][path]
        item["parameters"] = item[method].pop("parameters")

    return step


WORDS = [
    fits("a description", put("paths /leads get", description="Lists leads.")),
    fits("a schema's description", put(f"{_SCHEMAS} Lead", description="A business.")),
    fits("a parameter's description", put(f"{_PARAMETERS} city", description="A city.")),
    fits("a summary", put("paths /scans post", summary="Start a scan")),
    fits("a title", put(f"{_SCHEMAS} Scan", title="One scan")),
    fits("a version", put("info", version="1.1.0", description="Leads.")),
    fits("an example", put(f"{_SCHEMAS} CategoryId", example="bar")),
    fits("an example goes", drop(f"{_SCHEMAS} Bbox example")),
    fits("a media type's examples", drop("paths /exports post requestBody content application/json examples")),
    fits("an answer's description", put("components responses NotFound", description="Not there.")),
    fits("more documentation", new("paths /leads get", "externalDocs", {"url": "https://example.com/leads"})),
    fits("an operation is deprecated", put("paths /sources get", deprecated=True)),
    fits(
        "an operation's end is dated",
        put(
            "paths /sources get",
            **{"deprecated": True, "x-deprecated-at": "2027-01-01T00:00:00Z", "x-sunset-at": "2028-01-01T00:00:00Z"},
        ),
    ),
    fits("a property is deprecated", put(f"{_SCHEMAS} Lead properties brand", deprecated=True)),
    fits("a link goes", drop("paths /scans post responses 202 links cancel_scan")),
    fits("a tag is described", put("tags 0", description="Businesses.")),
    fits(
        "a key form is described", put("components securitySchemes bearerAuth", bearerFormat="opaque", description="x")
    ),
    fits("an extension inside a schema", new(f"{_SCHEMAS} ScanStatus", "x-enum-descriptions", ["waits", "runs"])),
]

ORDER = [
    fits("order of paths", turn("paths")),
    fits("order of methods", turn("paths /scans")),
    fits("order of parameters", turn("paths /leads get parameters")),
    fits("order of components", turn("components schemas")),
    fits("order of properties", turn(f"{_SCHEMAS} ScanRequest properties")),
    fits("order of required names", turn(f"{_SCHEMAS} Scan required")),
    fits("order of words", turn(f"{_SCHEMAS} ExportFormat enum")),
    fits("order of alternatives", turn(f"{_SCHEMAS} LocationWithin anyOf")),
    fits("order of answers", turn("paths /scans post responses")),
    fits("order of key forms", turn("security")),
    fits("order of tags", turn("tags")),
]

SAME = [
    fits(
        "a component is renamed",
        text("#/components/schemas/LeadId", "#/components/schemas/Lead_Id"),
        move(f"{_SCHEMAS} LeadId", "Lead_Id"),
    ),
    fits("an inline schema gets a name", _extract(f"{_SCHEMAS} Export properties sha256", "Sha256")),
    fits("a named schema is written in place", _inline(f"{_SCHEMAS} ScanRequest properties area", "schemas", "Area")),
    fits(
        "a recursive schema is unrolled once", _inline(f"{_SCHEMAS} LeadFilter properties not", "schemas", "LeadFilter")
    ),
    fits("a parameter is written in place", _inline("paths /leads get parameters 1", "parameters", "category")),
    fits("an answer is written in place", _inline("paths /leads get responses 200", "responses", "LeadPage")),
    fits(
        "a header is written in place",
        _inline("paths /scans post responses 202 headers Location", "headers", "Location"),
    ),
    fits(
        "a reference is wrapped",
        new(
            f"{_SCHEMAS} Lead properties", "quality", {"description": "How good.", "allOf": [ref("schemas", "Quality")]}
        ),
    ),
    fits("a wrapped reference is bare", new(f"{_SCHEMAS} Scan properties", "progress", ref("schemas", "Progress"))),
    fits("an object is split by allOf", _split("ScanCounts")),
    fits(
        "null said beside a reference",
        new(f"{_SCHEMAS} Lead properties", "brand", {"nullable": True, "allOf": [ref("schemas", "Brand")]}),
    ),
    fits(
        "null said once",
        drop(f"{_SCHEMAS} Brand nullable"),
        new(f"{_SCHEMAS} Lead properties", "brand", {"nullable": True, "allOf": [ref("schemas", "Brand")]}),
    ),
    fits("parameters of the path", _to_path("/scans/{scan_id}", "get")),
    fits("a default style said aloud", put(f"{_PARAMETERS} city", style="form", explode=True, required=False)),
    fits("defaults of schemas said aloud", put(f"{_SCHEMAS} Address", additionalProperties=True, minProperties=0)),
    fits("more defaults of schemas", put(f"{_SCHEMAS} TextList", uniqueItems=False, nullable=False)),
    fits("a header in other case", move("paths /scans post responses 202 headers Location", "location")),
    fits("a key form is renamed", text("bearerAuth", "bearer")),
    fits("an unused component", new(_SCHEMAS, "Unused", {"type": "string"})),
    fits("the same key form named twice", add("security", {"bearerAuth": []})),
]

MORE = [
    fits(
        "a new path",
        new(
            "paths",
            "/things",
            {"get": {"operationId": "list_things", "responses": {"200": {"description": "Things."}}}},
        ),
    ),
    fits(
        "a new operation",
        new(
            "paths /categories",
            "delete",
            {"operationId": "delete_category", "responses": {"204": {"description": "Gone."}}},
        ),
    ),
    fits("a new optional parameter", add("paths /leads get parameters", _LISTED)),
    fits(
        "a new optional property in a request",
        new(f"{_SCHEMAS} ScanRequest properties", "note", {"type": "string", "default": ""}),
    ),
    fits("a new filter", new(f"{_SCHEMAS} LeadFilter properties", "floor", ref("schemas", "NumberFilter"))),
    fits("a new operator", new(f"{_SCHEMAS} TextFilter properties", "suffix", ref("schemas", "Text"))),
    fits(
        "a new property in an answer",
        new(f"{_SCHEMAS} Lead properties", "floor", {"type": "integer", "nullable": True}),
    ),
    fits(
        "a new property that is always in an answer",
        new(f"{_SCHEMAS} Scan properties", "owner", {"type": "string"}),
        add(f"{_SCHEMAS} Scan required", "owner"),
    ),
    fits("a new word in requests and answers", add(f"{_SCHEMAS} ExportFormat enum", "parquet")),
    fits("a new word in answers", add(f"{_SCHEMAS} ScanStatus enum", "paused")),
    fits("a new error code", add(f"{_SCHEMAS} ErrorCode enum", "teapot")),
    fits(
        "a new event",
        new(
            "x-webhooks",
            "lead.changed",
            {"post": {"operationId": "on_lead_changed", "responses": {"204": {"description": "Received."}}}},
        ),
        add(f"{_SCHEMAS} EventType enum", "lead.changed"),
        add(f"{_SCHEMAS} SubscribableEventType enum", "lead.changed"),
    ),
    fits("an event says more", new(f"{_SCHEMAS} ScanCompletedData properties", "duration_ms", ref("schemas", "Count"))),
    fits(
        "a receiver may also answer 200",
        new("x-webhooks webhook.test post responses", "200", {"description": "Received."}),
    ),
    fits(
        "an event gets a header",
        put(
            "x-webhooks webhook.test post",
            parameters=[{"name": "webhook-id", "in": "header", "required": True, "schema": {"type": "string"}}],
        ),
    ),
    fits("a new error status", new("paths /leads get responses", "422", ref("responses", "BadRequest"))),
    fits("a new header", new("paths /scans/{scan_id} get responses 200 headers", "ETag", ref("headers", "ETag"))),
    fits("a header that is always there", put("components headers Link", required=True)),
    fits(
        "a new media type",
        new("paths /account get responses 200 content", "application/yaml", {"schema": ref("schemas", "Account")}),
    ),
    fits(
        "a new request media type",
        new("paths /scans post requestBody content", "text/json", {"schema": ref("schemas", "ScanRequest")}),
    ),
    fits("a new server", add("servers", {"url": "https://api.example.com/v1"})),
    fits(
        "a new key form",
        new("components securitySchemes", "cookie", {"type": "apiKey", "in": "cookie", "name": "s"}),
        add("security", {"cookie": []}),
    ),
    fits("an operation needs no key", put("paths /categories get", security=[])),
    fits("an operation needs no scope", put("paths /categories get", **{"x-scopes": []})),
    fits("an operation is free", put("paths /leads get", **{"x-cost": 0})),
    fits("a limit is raised", put("paths /found-keys/revoke post x-limit", requests=600)),
    fits("a limit goes", drop("paths /found-keys/revoke post x-limit")),
    fits(
        "an optional body where there was none",
        new(
            "paths /scans/{scan_id}/cancel post",
            "requestBody",
            {
                "content": {
                    "application/json": {"schema": {"type": "object", "properties": {"why": {"type": "string"}}}}
                }
            },
        ),
    ),
]

WIDER_REQUESTS = [
    fits("more rows a page asked for", put(f"{_PARAMETERS} limit schema", maximum=2000)),
    fits("fewer rows a page asked for", put(f"{_PARAMETERS} limit schema", minimum=0)),
    fits(
        "any number of rows", drop(f"{_PARAMETERS} limit schema maximum"), drop(f"{_PARAMETERS} limit schema minimum")
    ),
    fits("64 bits", put(f"{_PARAMETERS} limit schema", format="int64")),
    fits("a fraction where whole numbers were", put(f"{_PARAMETERS} limit schema", type="number", format="double")),
    fits("longer queries", put(f"{_PARAMETERS} query schema", maxLength=400)),
    fits("any characters", drop(f"{_PARAMETERS} city schema pattern")),
    fits("any text for a time", drop(f"{_PARAMETERS} seen_since schema format")),
    fits("a choice becomes a text", put(f"{_PARAMETERS} sort", schema={"type": "string", "default": "-quality_score"})),
    fits("a property is no longer required", take(f"{_SCHEMAS} ApiKeyRequest required", "scopes")),
    fits("null is taken", put(f"{_SCHEMAS} ScanRequest properties name", nullable=True)),
    fits("repeats are taken", drop(f"{_SCHEMAS} ApiKeyRequest properties scopes uniqueItems")),
    fits("an empty list is taken", drop(f"{_SCHEMAS} ApiKeyRequest properties scopes minItems")),
    fits("unknown properties are taken", drop(f"{_SCHEMAS} ScanRequest additionalProperties")),
    fits("a body may be left out", drop("paths /leads/search post requestBody required")),
]

NARROWER_ANSWERS = [
    fits("a property is always there", add(f"{_SCHEMAS} ErrorBody required", "doc_url")),
    fits("never null", drop(f"{_SCHEMAS} Category properties parent nullable")),
    fits("an object is never null", drop(f"{_SCHEMAS} OpeningHours nullable")),
    fits("shorter texts", put(f"{_SCHEMAS} Phone properties raw", maxLength=100)),
    fits("a text follows a pattern", put(f"{_SCHEMAS} Status properties version", pattern=r"^\d+\.\d+\.\d+$")),
    fits("a text is a URL", put(f"{_SCHEMAS} WebhookEndpoint properties url", format="uri")),
    fits(
        "a text becomes a choice",
        put(f"{_SCHEMAS} Source properties license", enum=["ODbL-1.0", "CDLA-Permissive-2.0"]),
    ),
    fits("whole numbers", put(f"{_SCHEMAS} ScanEstimate properties area_km2", type="integer", format="int32")),
    fits("a word is never said again", take(f"{_SCHEMAS} PhoneKind enum", "fax")),
    fits("shorter lists", put(f"{_SCHEMAS} Quality properties reasons", maxItems=10)),
    fits("no repeats", put(f"{_SCHEMAS} Quality properties reasons", uniqueItems=True)),
]

HARMLESS: list[Edit] = [*WORDS, *ORDER, *SAME, *MORE, *WIDER_REQUESTS, *NARROWER_ANSWERS]
