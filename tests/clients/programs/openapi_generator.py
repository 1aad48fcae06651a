"""The story with the client of openapi-generator (python): arguments are the API's address, a key and a hook."""

import datetime
import hashlib
import sys
from collections.abc import Callable
from uuid import uuid4

import openapi_client as m
from openapi_client.exceptions import ApiException

from tests.clients.facts import BBOX, CENTRE, FAR_TOO_MUCH, LONG_AGO, NOBODY, Facts, Refusal, expect, until


def connect(url: str, key: str) -> m.ApiClient:
    settings = m.Configuration(host=f"{url}/v1", access_token=key)
    # its own way to write a time has no colon in the offset, which RFC 3339 asks for
    settings.datetime_format = "%Y-%m-%dT%H:%M:%S.%fZ"
    return m.ApiClient(settings)


def subscribed(client: m.ApiClient, hook: str) -> m.CreatedWebhookEndpoint:
    events = [m.SubscribableEventType.SCAN_DOT_COMPLETED, m.SubscribableEventType.EXPORT_DOT_READY]
    return m.WebhooksApi(client).create_webhook_endpoint(m.WebhookEndpointRequest(url=hook, event_types=events))


def estimated(client: m.ApiClient) -> int:
    request = m.ScanRequest(area=m.Area(bbox=BBOX), categories=["cafe"], dry_run=True)
    return m.ScansApi(client).create_scan(request).counts.found


def scanned(client: m.ApiClient) -> tuple[m.Scan, str]:
    """Scan; return the finished scan and the id that a repetition answers."""
    api, name = m.ScansApi(client), str(uuid4())
    request = m.ScanRequest(area=m.Area(bbox=BBOX), categories=["cafe"])
    # typed as the answer to a dry run, the first that the contract names
    made: list[object] = [api.create_scan(request, idempotency_key=name) for _ in range(2)]
    ids = [expect(m.Scan, one).id for one in made]
    return until(lambda: api.get_scan(ids[0]), lambda scan: scan.status == m.ScanStatus.COMPLETED), ids[1]


def listed(client: m.ApiClient) -> tuple[int, list[list[str]]]:
    """Return the total and the ids of two pages."""

    def page(cursor: str | None = None) -> m.LeadPage:
        return m.LeadsApi(client).list_leads(
            category=["cafe", "bar"],
            bbox=BBOX,
            seen_since=datetime.datetime.fromisoformat(LONG_AGO),
            fields=[m.LeadField.NAME, m.LeadField.LOCATION],
            sort=m.LeadSort.NAME,
            limit=3,
            cursor=cursor,
        )

    first = page()
    second = page(first.next_cursor)
    return first.total.value, [[lead.id for lead in one.data] for one in (first, second)]


def nearby(client: m.ApiClient) -> list[str]:
    circle = m.Circle(lat=CENTRE[0], lon=CENTRE[1], radius_m=800)
    filters = m.LeadFilter(
        category=m.CategoryFilter(var_in=["cafe"]),
        location=m.LocationFilter(within=m.LocationWithin(circle)),
        var_or=[m.LeadFilter(phones=m.ListFilter(exists=True)), m.LeadFilter(website=m.TextFilter(exists=True))],
        var_not=m.LeadFilter(name=m.TextFilter(prefix="z")),
    )
    request = m.LeadSearchRequest(
        query="cafe",
        filters=filters,
        near=m.Location(lat=CENTRE[0], lon=CENTRE[1]),
        sort=m.LeadSort.DISTANCE,
        limit=3,
    )
    return [lead.id for lead in m.LeadsApi(client).search_leads(request).data]


def exported(client: m.ApiClient) -> m.Export:
    api = m.ExportsApi(client)
    cafes = m.LeadFilter(category=m.CategoryFilter(eq="cafe"))
    made: object = api.create_export(m.ExportRequest(format=m.ExportFormat.CSV, filters=cafes))
    id_ = expect(m.Export, made).id
    return until(lambda: api.get_export(id_), lambda export: export.status == m.ExportStatus.COMPLETED)


def delivered(client: m.ApiClient, endpoint_id: str) -> list[str]:
    def now() -> list[m.Delivery]:
        return list(m.WebhooksApi(client).list_deliveries(endpoint_id).data)

    both = [m.DeliveryStatus.DELIVERED] * 2
    arrived = until(now, lambda deliveries: [one.status for one in deliveries] == both)
    return sorted(one.event_type.value for one in arrived)


def refusal(call: Callable[[], object]) -> Refusal:
    try:
        made = call()
    except ApiException as refused:
        error = expect(m.Error, refused.data).error
        details = [f"{one.var_in.value} {one.var_field}: {one.code.value}" for one in error.details or []]
        return Refusal(expect(int, refused.status), error.code.value, details)
    raise AssertionError(f"not refused: {made}")


def lent(client: m.ApiClient, url: str, lead_id: str) -> tuple[str, str, Refusal]:
    """Make a key, read with it, revoke it, try again; return its id, what it read and the refusal."""
    api = m.ApiKeysApi(client)
    made = api.create_api_key(m.ApiKeyRequest(name="CI", scopes=[m.Scope.LEADS_COLON_READ]))
    with connect(url, made.key) as other:
        read = m.LeadsApi(other).get_lead(lead_id)
        api.revoke_api_key(made.id)
        return made.id, expect(str, read.name), refusal(lambda: m.LeadsApi(other).get_lead(lead_id))


def tell(client: m.ApiClient, url: str, hook: str) -> Facts:
    endpoint, estimate = subscribed(client, hook), estimated(client)
    scan, same_scan_id = scanned(client)
    total, pages = listed(client)
    near = nearby(client)
    export = exported(client)
    file = m.ExportsApi(client).download_export(export.id)
    key_id, read_with_key, revoked = lent(client, url, near[0])
    too_large = m.ScanRequest(area=m.Area(bbox=FAR_TOO_MUCH), categories=["cafe"])
    return Facts(
        endpoint_id=endpoint.id,
        secret=endpoint.secret,
        estimated=estimate,
        scan_id=scan.id,
        same_scan_id=same_scan_id,
        found=scan.counts.found,
        total=total,
        pages=pages,
        nearby=near,
        lead=expect(str, m.LeadsApi(client).get_lead(near[0]).name),
        export_id=export.id,
        rows=expect(int, export.row_count),
        sha256=expect(str, export.sha256),
        file_sha256=hashlib.sha256(file).hexdigest(),
        deliveries=delivered(client, endpoint.id),
        key_id=key_id,
        read_with_key=read_with_key,
        revoked=revoked,
        missing=refusal(lambda: m.ScansApi(client).get_scan(NOBODY)),
        invalid=refusal(lambda: m.LeadsApi(client).list_leads(radius_m=100)),
        too_large=refusal(lambda: m.ScansApi(client).create_scan(too_large)),
    )


if __name__ == "__main__":
    address, api_key, webhook = sys.argv[1:]
    with connect(address, api_key) as opened:
        tell(opened, address, webhook).tell()
