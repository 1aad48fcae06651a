"""How things look on the wire: names and bare types only. What is allowed stands in the spec.

One class per component of the spec, with its name and ``Schema``; a test holds them to the same names and types.
Leads, scans and exports are not here: a page of leads goes straight from rows to JSON, and scans and exports are also
told by webhook, so ``services`` makes those documents.
"""

from marshmallow import Schema, fields


class WebhookEndpointSchema(Schema):
    id = fields.String()
    url = fields.String()
    description = fields.String()
    event_types = fields.List(fields.String())
    header_names = fields.List(fields.String())
    signing = fields.String()
    public_key = fields.String(allow_none=True)
    status = fields.String()
    disabled_reason = fields.String(allow_none=True)
    failing_since = fields.String(allow_none=True)
    created_at = fields.String()


class CreatedWebhookEndpointSchema(WebhookEndpointSchema):
    secret = fields.String()


class AttemptSchema(Schema):
    number = fields.Integer()
    started_at = fields.String()
    duration_ms = fields.Integer()
    status_code = fields.Integer(allow_none=True)
    error = fields.String(allow_none=True)


class AttemptTlsSchema(Schema):
    version = fields.String()
    cipher = fields.String()
    expires = fields.String()
    subject = fields.String()


class AttemptTimingSchema(Schema):
    resolve_ms = fields.Float(allow_none=True)
    connect_ms = fields.Float(allow_none=True)
    tls_ms = fields.Float(allow_none=True)
    first_byte_ms = fields.Float(allow_none=True)
    total_ms = fields.Float()


class AttemptDetailSchema(AttemptSchema):
    error_code = fields.String(allow_none=True)
    address = fields.String(allow_none=True)
    tls = fields.Nested(AttemptTlsSchema, allow_none=True)
    timing = fields.Nested(AttemptTimingSchema)
    response_headers = fields.Dict(keys=fields.String(), values=fields.String(), allow_none=True)
    response_body = fields.String(allow_none=True)


class DeliverySchema(Schema):
    id = fields.String()
    event_id = fields.String()
    event_type = fields.String()
    webhook_endpoint_id = fields.String()
    sequence = fields.Integer()
    status = fields.String()
    attempts = fields.List(fields.Nested(AttemptSchema))
    next_attempt_at = fields.String(allow_none=True)
    created_at = fields.String()
    finished_at = fields.String(allow_none=True)


class DeliveryDetailSchema(DeliverySchema):
    attempts = fields.List(fields.Nested(AttemptDetailSchema))


class RecoverySchema(Schema):
    recovered = fields.Integer()
    kept_since = fields.String()
    has_more = fields.Boolean()


class EventSchema(Schema):
    id = fields.String()
    type = fields.String()
    sequence = fields.Integer()
    created_at = fields.String()
    payload = fields.Dict()


class ApiKeySchema(Schema):
    id = fields.String()
    name = fields.String()
    scopes = fields.List(fields.String())
    last4 = fields.String()
    created_at = fields.String()
    expires_at = fields.String(allow_none=True)
    last_used_at = fields.String(allow_none=True)
    revoked_at = fields.String(allow_none=True)
    replaces = fields.String(allow_none=True)
    replaced_by = fields.String(allow_none=True)


class CreatedApiKeySchema(ApiKeySchema):
    key = fields.String()


class LeadHistoryEntrySchema(Schema):
    at = fields.String()
    change = fields.String()
    by = fields.String()
    by_id = fields.String(allow_none=True)
    changed_fields = fields.List(fields.String())
    before = fields.Dict()
    after = fields.Dict()


class ScanChangeSchema(Schema):
    lead_id = fields.String()
    name = fields.String()
    at = fields.String()
    change = fields.String()
    changed_fields = fields.List(fields.String())
    before = fields.Dict()
    after = fields.Dict()


class TotalSchema(Schema):
    value = fields.Integer()
    relation = fields.String()


class LeadFacetValueSchema(Schema):
    value = fields.String()
    count = fields.Integer()


class LeadFacetSchema(Schema):
    field = fields.String()
    values = fields.List(fields.Nested(LeadFacetValueSchema))


class LeadCellSchema(Schema):
    cell = fields.String()
    count = fields.Integer()
    lat = fields.Float()
    lon = fields.Float()


class LeadAggregateSchema(Schema):
    total = fields.Nested(TotalSchema)
    counted = fields.Integer()
    complete = fields.Boolean()
    facets = fields.List(fields.Nested(LeadFacetSchema))
    resolution = fields.Integer(allow_none=True)
    cells = fields.List(fields.Nested(LeadCellSchema))


class LeadFieldFactsSchema(Schema):
    name = fields.String()
    type = fields.String()
    operators = fields.List(fields.String())
    sortable = fields.Boolean()
    known = fields.Integer(allow_none=True)
    fill_rate = fields.Float(allow_none=True)


class LeadFieldListSchema(Schema):
    data = fields.List(fields.Nested(LeadFieldFactsSchema))
    total = fields.Integer()


class SuppressionSchema(Schema):
    id = fields.String()
    kind = fields.String()
    value = fields.String()
    reason = fields.String()
    name = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    leads_removed = fields.Integer()
    created_at = fields.String()


class PlanLimitsSchema(Schema):
    requests_per_minute = fields.Integer()
    rows_per_page = fields.Integer()
    scan_area_km2 = fields.Float(allow_none=True)
    leads = fields.Integer(allow_none=True)
    export_rows = fields.Integer(allow_none=True)
    enrichment_leads = fields.Integer()
    webhook_endpoints = fields.Integer()
    api_keys = fields.Integer()


class AccountSchema(Schema):
    id = fields.String()
    email = fields.String()
    plan = fields.String(attribute="plan.name")
    limits = fields.Nested(PlanLimitsSchema, attribute="plan")
    created_at = fields.String()


class UsageLineSchema(Schema):
    used = fields.Integer()
    limit = fields.Integer(allow_none=True)


class UsageSchema(Schema):
    since = fields.String()
    until = fields.String()
    requests = fields.Nested(UsageLineSchema)
    scans = fields.Nested(UsageLineSchema)
    exports = fields.Nested(UsageLineSchema)
    enrichments = fields.Nested(UsageLineSchema)
    leads = fields.Nested(UsageLineSchema)
    webhook_endpoints = fields.Nested(UsageLineSchema)
    api_keys = fields.Nested(UsageLineSchema)


class TicketMessageSchema(Schema):
    author = fields.String()
    text = fields.String()
    created_at = fields.String()


class TicketSchema(Schema):
    id = fields.String()
    subject = fields.String()
    status = fields.String()
    request_id = fields.String(allow_none=True)
    created_at = fields.String()
    updated_at = fields.String()


class TicketThreadSchema(TicketSchema):
    messages = fields.List(fields.Nested(TicketMessageSchema))


class AuditChangeSchema(Schema):
    field = fields.String()
    before = fields.String(allow_none=True)
    after = fields.String(allow_none=True)


class AuditEntrySchema(Schema):
    id = fields.String()
    at = fields.String()
    action = fields.String()
    actor = fields.String()
    target_id = fields.String()
    changes = fields.List(fields.Nested(AuditChangeSchema))
    address = fields.String(allow_none=True)


class CategorySchema(Schema):
    id = fields.String()
    name = fields.String()
    parent = fields.String(allow_none=True)
    path = fields.List(fields.String())


class SourceSchema(Schema):
    source = fields.String()
    release = fields.String(allow_none=True)
    places = fields.Integer()
    license = fields.String()
    attribution = fields.String()
