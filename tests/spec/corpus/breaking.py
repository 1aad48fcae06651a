"""Edits that break somebody."""

from tests.spec.corpus import Edit, add, breaks, drop, move, new, put, ref, take, text, turn

_SCHEMAS = "components schemas"
_PARAMETERS = "components parameters"
_ERROR = {"description": "No.", "content": {"application/json": {"schema": ref("schemas", "Status")}}}
_STATUS = {"description": "Fine.", "content": {"application/json": {"schema": ref("schemas", "Status")}}}

OPERATIONS = [
    breaks("operation-removed", "an operation goes", drop("paths /scans/{scan_id}/cancel post")),
    breaks("operation-removed", "a path goes", drop("paths /sources")),
    breaks("operation-removed", "a path is renamed", move("paths /leads/search", "/leads/find")),
    breaks("operation-removed", "a method is replaced", move("paths /api-keys/{api_key_id} delete", "patch")),
    breaks(
        "operation-removed",
        "a path parameter is renamed",
        text("/scans/{scan_id}", "/scans/{id}"),
        put(f"{_PARAMETERS} scan_id", name="id"),
    ),
    breaks("operation-renamed", "an operationId is renamed", put("paths /leads get", operationId="leads_list")),
    breaks("tag-moved", "an operation moves to another tag", put("paths /categories get", tags=["leads"])),
    breaks("cannot-prove", "an extension that the gate does not know", new("paths /leads get", "x-guess", value=True)),
    breaks("cannot-prove", "a path has a server of its own", put("paths /leads", servers=[{"url": "/v0"}])),
    breaks("server-removed", "the base path changes", put("servers 0", url="/api/v1")),
    breaks("scope-added", "an operation needs one more scope", add("paths /leads get x-scopes", "account:read")),
    breaks("scope-added", "an operation needs another scope", put("paths /leads get", **{"x-scopes": ["scans:read"]})),
    breaks("cost-raised", "an operation costs more", put("paths /leads get", **{"x-cost": 5})),
    breaks(
        "limit-lowered",
        "an operation gets a limit of its own",
        put("paths /leads get", **{"x-limit": {"requests": 9, "seconds": 60}}),
    ),
    breaks("limit-lowered", "a limit is lowered", put("paths /found-keys/revoke post x-limit", requests=10)),
    breaks("security-raised", "an open operation needs a key", drop("paths /status get security")),
    breaks("security-raised", "one form of the key goes", take("security", {"apiKeyAuth": []})),
    breaks(
        "security-raised", "both forms are needed at once", put("", security=[{"bearerAuth": [], "apiKeyAuth": []}])
    ),
    breaks(
        "security-raised", "the key's header is renamed", put("components securitySchemes apiKeyAuth", name="X-Key")
    ),
]

PARAMETERS = [
    breaks("parameter-removed", "a parameter goes", take("paths /leads get parameters", ref("parameters", "city"))),
    breaks("parameter-removed", "a parameter is renamed", put(f"{_PARAMETERS} city", name="town")),
    breaks("parameter-removed", "a parameter moves to a header", put(f"{_PARAMETERS} cursor", in_="header")),
    breaks(
        "parameter-removed",
        "Idempotency-Key goes from an operation",
        take("paths /exports post parameters", ref("parameters", "idempotency_key")),
    ),
    breaks("parameter-required", "a parameter becomes required", put(f"{_PARAMETERS} country", required=True)),
    breaks(
        "parameter-required",
        "a new parameter is required",
        add(
            "paths /leads get parameters",
            {"name": "mode", "in": "query", "required": True, "schema": {"type": "string"}},
        ),
    ),
    breaks("style-changed", "a list is no longer joined by commas", put(f"{_PARAMETERS} category", explode=True)),
    breaks("style-changed", "a list is joined by pipes", put(f"{_PARAMETERS} fields", style="pipeDelimited")),
    breaks(
        "request-type", "a number must be whole", put(f"{_PARAMETERS} radius_m schema", type="integer", format="int32")
    ),
    breaks("request-maximum", "a page holds fewer rows", put(f"{_PARAMETERS} limit schema", maximum=500)),
    breaks("request-minimum", "a page holds more rows", put(f"{_PARAMETERS} limit schema", minimum=10)),
    breaks("request-minimum", "a bound excludes itself", put(f"{_PARAMETERS} radius_m schema", exclusiveMinimum=True)),
    breaks("request-multipleOf", "only round numbers", put(f"{_PARAMETERS} limit schema", multipleOf=10)),
    breaks("request-maxLength", "a text is shorter", put(f"{_PARAMETERS} query schema", maxLength=100)),
    breaks("request-minLength", "a text is longer", put(f"{_PARAMETERS} query schema", minLength=3)),
    breaks("request-pattern", "other characters", put(f"{_PARAMETERS} idempotency_key schema", pattern="^[0-9a-f-]+$")),
    breaks("request-format", "a text gets a format", put(f"{_PARAMETERS} idempotency_key schema", format="uuid")),
    breaks("request-maxItems", "a list is shorter", put(f"{_PARAMETERS} category schema", maxItems=10)),
    breaks("request-uniqueItems", "a list has no repeats", put(f"{_PARAMETERS} fields schema", uniqueItems=True)),
    breaks("request-enum", "a text becomes a choice", put(f"{_PARAMETERS} city schema", enum=["Helsinki", "Espoo"])),
    breaks("request-default", "another default", put(f"{_PARAMETERS} limit schema", default=20)),
    breaks("request-default", "a default goes", drop(f"{_PARAMETERS} gone schema default")),
    breaks("request-default", "a default comes", put(f"{_PARAMETERS} has_phone schema", default=True)),
    breaks("request-default", "another default in a component", put(f"{_SCHEMAS} LeadSort", default="name")),
]

BODIES = [
    breaks("request-required", "a property becomes required", add(f"{_SCHEMAS} ScanRequest required", "name")),
    breaks(
        "request-required",
        "a new property is required",
        new(f"{_SCHEMAS} ExportRequest properties", "title", {"type": "string"}),
        add(f"{_SCHEMAS} ExportRequest required", "title"),
    ),
    breaks("request-property-removed", "a property goes", drop(f"{_SCHEMAS} ScanRequest properties categories")),
    breaks(
        "request-property-removed",
        "a property is renamed",
        move(f"{_SCHEMAS} ScanRequest properties dry_run", "preview"),
    ),
    breaks("request-property-removed", "a filter goes", drop(f"{_SCHEMAS} LeadFilter properties not")),
    breaks("request-property-removed", "an operator goes", drop(f"{_SCHEMAS} TextFilter properties prefix")),
    breaks("request-type", "a text becomes a number", put(f"{_SCHEMAS} ApiKeyRequest properties name", type="integer")),
    breaks("request-type", "a list of texts becomes one text", put(f"{_SCHEMAS} TextList", type="string")),
    breaks("request-nullable", "null is refused", drop(f"{_SCHEMAS} ApiKeyRequest properties expires_at nullable")),
    breaks("request-enum", "a format goes", take(f"{_SCHEMAS} ExportFormat enum", "csv")),
    breaks("request-enum", "a scope goes", take(f"{_SCHEMAS} Scope enum", "catalog:read")),
    breaks("request-enum", "a word is spelt otherwise", text("ndjson", "jsonl")),
    breaks(
        "request-default", "another default in a body", put(f"{_SCHEMAS} ScanRequest properties dry_run", default=True)
    ),
    breaks("request-maxLength", "a name is shorter", put(f"{_SCHEMAS} ScanRequest properties name", maxLength=50)),
    breaks("request-maxLength", "a name is shorter by allOf", put(f"{_SCHEMAS} Text", allOf=[{"maxLength": 50}])),
    breaks("request-maxItems", "fewer categories", put(f"{_SCHEMAS} ScanRequest properties categories", maxItems=10)),
    breaks("request-minItems", "more fields", put(f"{_SCHEMAS} LeadSearchRequest properties fields", minItems=2)),
    breaks("request-maximum", "smaller circles", put(f"{_SCHEMAS} Circle properties radius_m", maximum=50000)),
    breaks("request-maxProperties", "fewer conditions", put(f"{_SCHEMAS} LeadFilter", maxProperties=10)),
    breaks("request-minProperties", "more operators", put(f"{_SCHEMAS} TextFilter", minProperties=2)),
    breaks("request-pattern", "a key of other letters", put(f"{_SCHEMAS} CategoryId", pattern="^[a-z]+$")),
    breaks("request-format", "a text in a body gets a format", put(f"{_SCHEMAS} Text", format="hostname")),
    breaks(
        "request-alternatives",
        "an alternative goes",
        take(f"{_SCHEMAS} LocationWithin anyOf", ref("schemas", "Circle")),
    ),
    breaks("request-cannot-prove", "some values are excluded", put(f"{_SCHEMAS} Text", not_={"enum": ["all"]})),
    breaks("request-cannot-prove", "exactly one alternative", move(f"{_SCHEMAS} LocationWithin anyOf", "oneOf")),
    breaks(
        "request-cannot-prove", "a keyword that the gate does not know", put(f"{_SCHEMAS} ScanRequest", readOnly=True)
    ),
    breaks(
        "body-required",
        "a body where there was none",
        new(
            "paths /webhook-endpoints/{webhook_endpoint_id}/test post",
            "requestBody",
            {"required": True, "content": {"application/json": {"schema": ref("schemas", "Status")}}},
        ),
    ),
    breaks("body-removed", "a body goes", drop("paths /leads/search post requestBody")),
    breaks(
        "media-type-removed",
        "another media type",
        move("paths /scans post requestBody content application/json", "text/json"),
    ),
]

ANSWERS = [
    breaks("answer-property-removed", "a property goes", drop(f"{_SCHEMAS} Lead properties name")),
    breaks(
        "answer-property-removed", "a property is renamed", move(f"{_SCHEMAS} Lead properties phones", "phone_numbers")
    ),
    breaks("answer-required", "a property may be missing", take(f"{_SCHEMAS} Scan required", "error")),
    breaks(
        "answer-type",
        "a number becomes a text",
        put(f"{_SCHEMAS} Quality properties score", type="string", format="int32"),
    ),
    breaks(
        "answer-type",
        "whole numbers become fractions",
        put(f"{_SCHEMAS} Attempt properties duration_ms", type="number", format="double"),
    ),
    breaks("answer-type", "an object becomes a text", put(f"{_SCHEMAS} Lead properties", emails={"type": "string"})),
    breaks(
        "answer-type",
        "facts become texts",
        put(f"{_SCHEMAS} Lead properties attributes", additionalProperties={"type": "string"}),
    ),
    breaks("answer-type", "a map takes anything", drop(f"{_SCHEMAS} Lead properties names additionalProperties")),
    breaks("answer-nullable", "a text may be null", put(f"{_SCHEMAS} Phone properties raw", nullable=True)),
    breaks("answer-nullable", "an object may be null", put(f"{_SCHEMAS} Address", nullable=True)),
    breaks("answer-nullable", "a word may be null", put(f"{_SCHEMAS} OperatingStatus", nullable=True)),
    breaks("answer-nullable", "a reference may be null", put(f"{_SCHEMAS} Scan properties progress", nullable=True)),
    breaks("answer-maxLength", "a text is longer", put(f"{_SCHEMAS} Phone properties e164", maxLength=50)),
    breaks("answer-minLength", "a text is shorter", put(f"{_SCHEMAS} ApiKey properties last4", minLength=2)),
    breaks("answer-maximum", "a number has no bound", drop(f"{_SCHEMAS} Quality properties score maximum")),
    breaks("answer-minimum", "a number is negative", put(f"{_SCHEMAS} Quality properties score", minimum=-100)),
    breaks(
        "answer-pattern", "a key looks otherwise", put(f"{_SCHEMAS} CreatedApiKey properties key", pattern="^mk_.*$")
    ),
    breaks("answer-pattern", "an id looks otherwise", put(f"{_SCHEMAS} LeadId", pattern="^(lead|biz)_[0-9a-z]{26}$")),
    breaks("answer-format", "a URL becomes a text", drop(f"{_SCHEMAS} Export properties download_url format")),
    breaks("answer-format", "a number needs 64 bits", put(f"{_SCHEMAS} Attempt properties number", format="int64")),
    breaks("answer-enum", "a choice becomes a text", drop(f"{_SCHEMAS} ScanStatus enum")),
    breaks(
        "answer-enum",
        "a constant gets a second value",
        add(f"{_SCHEMAS} ExportReadyEvent properties type enum", "export.failed"),
    ),
    breaks(
        "answer-enum", "what was always true is false", add(f"{_SCHEMAS} ScanEstimate properties dry_run enum", False)
    ),
    breaks("answer-maxItems", "a list is longer", put(f"{_SCHEMAS} Lead properties category_path", maxItems=20)),
    breaks("answer-maxItems", "a list has no end", drop(f"{_SCHEMAS} Delivery properties attempts maxItems")),
    breaks(
        "answer-alternatives",
        "an answer of a new kind",
        add(
            f"{_SCHEMAS} LocationWithin anyOf",
            {"type": "object", "required": ["cell"], "properties": {"cell": {"type": "string"}}},
        ),
    ),
    breaks("header-removed", "a header goes", drop("paths /scans post responses 202 headers Location")),
    breaks("header-optional", "a header may be missing", drop("components headers RequestId required")),
    breaks("error-type", "a header changes its type", put("components headers RetryAfter schema", type="string")),
    breaks("answer-maxLength", "a header is longer", put("components headers Link schema", maxLength=32000)),
    breaks("status-removed", "an error status goes", drop("paths /scans/{scan_id} get responses 404")),
    breaks("status-removed", "success has another status", move("paths /scans post responses 202", "201")),
    breaks("status-added", "success has one more status", new("paths /leads get responses", "206", _STATUS)),
    breaks(
        "status-added", "the answer is elsewhere", new("paths /leads get responses", "302", {"description": "There."})
    ),
    breaks(
        "media-type-removed",
        "a file type goes",
        drop("paths /exports/{export_id}/download get responses 200 content text/csv"),
    ),
    breaks("error-code-removed", "an error code goes", take(f"{_SCHEMAS} ErrorCode enum", "gone")),
    breaks("error-code-removed", "an error code is renamed", text("rate_limited", "too_many_requests")),
    breaks("error-required", "an error may lack its code", take(f"{_SCHEMAS} ErrorBody required", "code")),
    breaks("error-property-removed", "an error lacks its details", drop(f"{_SCHEMAS} ErrorBody properties details")),
    breaks(
        "answer-property-removed", "a new error has another shape", new("paths /leads get responses", "418", _ERROR)
    ),
]

WEBHOOKS = [
    breaks("webhook-removed", "an event goes", drop("x-webhooks export.ready")),
    breaks("webhook-removed", "an event is renamed", move("x-webhooks scan.completed", "scan.finished")),
    breaks("webhook-removed", "an event is sent otherwise", move("x-webhooks scan.completed post", "put")),
    breaks(
        "operation-renamed",
        "an event's operationId is renamed",
        put("x-webhooks scan.completed post", operationId="done"),
    ),
    breaks("answer-property-removed", "an event says less", drop(f"{_SCHEMAS} ScanCompletedData properties scan")),
    breaks("answer-required", "an event may say less", take(f"{_SCHEMAS} ExportReadyData required", "export")),
    breaks("answer-maximum", "a sequence has no bound", drop(f"{_SCHEMAS} Sequence maximum")),
    breaks("body-optional", "an event may be empty", drop("x-webhooks webhook.test post requestBody required")),
    breaks("status-removed", "a receiver must answer 200", move("x-webhooks scan.completed post responses 204", "200")),
    breaks(
        "media-type-removed",
        "an event in another media type",
        move("x-webhooks export.ready post requestBody content application/json", "application/cloudevents+json"),
    ),
]

SEVERAL = [
    breaks(
        "request-maximum", "a break among harmless edits", turn("paths"), put(f"{_PARAMETERS} limit schema", maximum=10)
    ),
]

BREAKING: list[Edit] = [*OPERATIONS, *PARAMETERS, *BODIES, *ANSWERS, *WEBHOOKS, *SEVERAL]
