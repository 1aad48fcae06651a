"""The story with the client that openapi-python-client makes: arguments are the API's address, a key and a hook."""

import datetime
import hashlib
import sys
from typing import Any
from uuid import uuid4

import httpx
from map_targeter_api_client import AuthenticatedClient
from map_targeter_api_client import models as m
from map_targeter_api_client.api.api_keys import create_api_key, revoke_api_key
from map_targeter_api_client.api.exports import create_export, download_export, get_export
from map_targeter_api_client.api.leads import get_lead, list_leads, search_leads
from map_targeter_api_client.api.scans import create_scan, get_scan
from map_targeter_api_client.api.webhooks import create_webhook_endpoint, list_deliveries
from map_targeter_api_client.types import UNSET, File, Response, Unset

from tests.clients.facts import BBOX, CENTRE, FAR_TOO_MUCH, LONG_AGO, NOBODY, Facts, Refusal, expect, until


def join_lists(request: httpx.Request) -> None:
    """Write lists with commas, as the contract says; this generator repeats the name for each item."""
    joined: dict[str, str] = {}
    for name, value in request.url.params.multi_items():
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    request.url = request.url.copy_with(params=joined)


def connect(url: str, key: str) -> AuthenticatedClient:
    hooks = {"request": [join_lists]}
    return AuthenticatedClient(
        base_url=f"{url}/v1", token=key, raise_on_unexpected_status=True, httpx_args={"event_hooks": hooks}
    )


def subscribed(client: AuthenticatedClient, hook: str) -> m.CreatedWebhookEndpoint:
    events = [m.SubscribableEventType.SCAN_COMPLETED, m.SubscribableEventType.EXPORT_READY]
    body = m.WebhookEndpointRequest(url=hook, event_types=events)
    return expect(m.CreatedWebhookEndpoint, create_webhook_endpoint.sync(client=client, body=body))


def estimated(client: AuthenticatedClient) -> int:
    body = m.ScanRequest(area=m.Area(bbox=BBOX), categories=["cafe"], dry_run=True)
    return expect(int, expect(m.ScanEstimate, create_scan.sync(client=client, body=body)).counts.found)


def scanned(client: AuthenticatedClient) -> tuple[m.Scan, str]:
    """Scan; return the finished scan and the id that a repetition answers."""
    body, name = m.ScanRequest(area=m.Area(bbox=BBOX), categories=["cafe"]), str(uuid4())
    ids = [expect(m.Scan, create_scan.sync(client=client, body=body, idempotency_key=name)).id for _ in range(2)]

    def now() -> m.Scan:
        return expect(m.Scan, get_scan.sync(ids[0], client=client))

    return until(now, lambda scan: scan.status == m.ScanStatus.COMPLETED), ids[1]


def listed(client: AuthenticatedClient) -> tuple[int, list[list[str]]]:
    """Return the total and the ids of two pages."""

    def page(cursor: str | Unset = UNSET) -> m.LeadPage:
        answer = list_leads.sync(
            client=client,
            category=["cafe", "bar"],
            bbox=BBOX,
            seen_since=datetime.datetime.fromisoformat(LONG_AGO),
            fields=[m.LeadField.NAME, m.LeadField.LOCATION],
            sort=m.LeadSort.NAME,
            limit=3,
            cursor=cursor,
        )
        return expect(m.LeadPage, answer)

    first = page()
    second = page(expect(str, first.next_cursor))
    return first.total.value, [[lead.id for lead in one.data] for one in (first, second)]


def nearby(client: AuthenticatedClient) -> list[str]:
    circle = m.Circle(lat=CENTRE[0], lon=CENTRE[1], radius_m=800)
    filters = m.LeadFilter(
        category=m.CategoryFilter(in_=["cafe"]),
        location=m.LocationFilter(within=circle),
        or_=[
            m.LeadFilter(phones=m.ListFilter(exists=True)),
            m.LeadFilter(website=m.TextFilter(exists=True)),
        ],
        not_=m.LeadFilter(name=m.TextFilter(prefix="z")),
    )
    body = m.LeadSearchRequest(
        query="cafe",
        filters=filters,
        near=m.Location(lat=CENTRE[0], lon=CENTRE[1]),
        sort=m.LeadSort.DISTANCE,
        limit=3,
    )
    return [lead.id for lead in expect(m.LeadPage, search_leads.sync(client=client, body=body)).data]


def exported(client: AuthenticatedClient) -> m.Export:
    cafes = m.LeadFilter(category=m.CategoryFilter(eq="cafe"))
    body = m.ExportRequest(format_=m.ExportFormat.CSV, filters=cafes)
    made = expect(m.Export, create_export.sync(client=client, body=body))

    def now() -> m.Export:
        return expect(m.Export, get_export.sync(made.id, client=client))

    return until(now, lambda export: export.status == m.ExportStatus.COMPLETED)


def delivered(client: AuthenticatedClient, endpoint_id: str) -> list[str]:
    def now() -> list[m.Delivery]:
        return list(expect(m.DeliveryPage, list_deliveries.sync(endpoint_id, client=client)).data)

    both = [m.DeliveryStatus.DELIVERED] * 2
    arrived = until(now, lambda deliveries: [one.status for one in deliveries] == both)
    return sorted(one.event_type.value for one in arrived)


def refusal(response: Response[Any]) -> Refusal:
    error = expect(m.Error, response.parsed).error
    details = [f"{one.in_.value} {one.field}: {one.code.value}" for one in error.details or []]
    return Refusal(int(response.status_code), error.code.value, details)


def file_of(client: AuthenticatedClient, export: m.Export) -> str:
    """Return the SHA-256 of the downloaded file."""
    file = expect(File, download_export.sync(export.id, client=client))
    return hashlib.sha256(file.payload.read()).hexdigest()


def lent(client: AuthenticatedClient, url: str, lead_id: str) -> tuple[str, str, Refusal]:
    """Make a key, read with it, revoke it, try again; return its id, what it read and the refusal."""
    body = m.ApiKeyRequest(name="CI", scopes=[m.Scope.LEADSREAD])
    made = expect(m.CreatedApiKey, create_api_key.sync(client=client, body=body))
    with connect(url, made.key) as other:
        read = expect(m.Lead, get_lead.sync(lead_id, client=other))
        assert revoke_api_key.sync_detailed(made.id, client=client).status_code == 204
        return made.id, expect(str, read.name), refusal(get_lead.sync_detailed(lead_id, client=other))


def tell(client: AuthenticatedClient, url: str, hook: str) -> Facts:
    endpoint, estimate = subscribed(client, hook), estimated(client)
    scan, same_scan_id = scanned(client)
    total, pages = listed(client)
    near = nearby(client)
    export = exported(client)
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
        lead=expect(str, expect(m.Lead, get_lead.sync(near[0], client=client)).name),
        export_id=export.id,
        rows=expect(int, export.row_count),
        sha256=expect(str, export.sha256),
        file_sha256=file_of(client, export),
        deliveries=delivered(client, endpoint.id),
        key_id=key_id,
        read_with_key=read_with_key,
        revoked=revoked,
        missing=refusal(get_scan.sync_detailed(NOBODY, client=client)),
        invalid=refusal(list_leads.sync_detailed(client=client, radius_m=100)),
        too_large=refusal(create_scan.sync_detailed(client=client, body=too_large)),
    )


if __name__ == "__main__":
    address, api_key, webhook = sys.argv[1:]
    with connect(address, api_key) as opened:
        tell(opened, address, webhook).tell()
