// The story with the client that @hey-api/openapi-ts makes.

import { createClient, type Client } from "./generated/hey-api/client/index.js";
import * as api from "./generated/hey-api/index.js";
import * as story from "./story.js";

function connect(url: string, key: string): Client {
  return createClient({ baseUrl: url, auth: (scheme) => (scheme.scheme === "bearer" ? key : undefined) });
}

/** The body of a good answer. */
async function data<T>(call: Promise<{ data?: T; error?: unknown }>): Promise<NonNullable<T>> {
  const { data, error } = await call;
  if (error !== undefined) throw new Error(JSON.stringify(error));
  return story.must(data);
}

async function refusal(call: Promise<{ error?: api.Error; response?: Response }>): Promise<story.Refusal> {
  const { error, response } = await call;
  const { code, details = [] } = story.must(error).error;
  return {
    status: story.must(response).status,
    code,
    details: details.map((one) => `${one.in} ${one.field}: ${one.code}`),
  };
}

async function scanned(client: Client): Promise<{ scan: api.Scan; again: string }> {
  const headers = { "Idempotency-Key": crypto.randomUUID() };
  const body: api.ScanRequest = { area: { bbox: story.BBOX }, categories: ["cafe"] };
  const ids: string[] = [];
  for (let turn = 0; turn < 2; turn++) {
    const made = await data(api.createScan({ client, headers, body }));
    if (!("id" in made)) throw new TypeError("not a scan");
    ids.push(made.id);
  }
  const [scan_id, again] = [story.must(ids[0]), story.must(ids[1])];
  const now = () => data(api.getScan({ client, path: { scan_id } }));
  return { scan: await story.until(now, (one) => one.status === "completed"), again };
}

async function estimated(client: Client): Promise<number> {
  const body: api.ScanRequest = { area: { bbox: story.BBOX }, categories: ["cafe"], dry_run: true };
  const answer = await data(api.createScan({ client, body }));
  if (!("tiles" in answer)) throw new TypeError("not an estimate");
  return answer.counts.found;
}

async function listed(client: Client): Promise<{ total: number; pages: string[][] }> {
  const page = (cursor?: string) =>
    data(
      api.listLeads({
        client,
        query: {
          category: ["cafe", "bar"],
          bbox: story.BBOX,
          seen_since: story.LONG_AGO,
          fields: ["name", "location"],
          sort: "name",
          limit: 3,
          ...(cursor ? { cursor } : {}),
        },
      }),
    );
  const first = await page();
  const second = await page(story.must(first.next_cursor));
  return { total: first.total.value, pages: [first, second].map((one) => one.data.map((lead) => lead.id)) };
}

async function nearby(client: Client): Promise<string[]> {
  const body: api.LeadSearchRequest = {
    query: "cafe",
    filters: {
      category: { in: ["cafe"] },
      location: { within: { ...story.CENTRE, radius_m: 800 } },
      or: [{ phones: { exists: true } }, { website: { exists: true } }],
      not: { name: { prefix: "z" } },
    },
    near: story.CENTRE,
    sort: "distance",
    limit: 3,
  };
  return (await data(api.searchLeads({ client, body }))).data.map((lead) => lead.id);
}

async function exported(client: Client): Promise<api.Export> {
  const body: api.ExportRequest = { format: "csv", filters: { category: { eq: "cafe" } } };
  const made = await data(api.createExport({ client, body }));
  if (!("id" in made)) throw new TypeError("not an export");
  return story.until(
    () => data(api.getExport({ client, path: { export_id: made.id } })),
    (one) => one.status === "completed",
  );
}

async function downloaded(client: Client, export_id: string): Promise<Blob> {
  // left to itself it reads a CSV as text and so loses its first bytes, the mark of UTF-8
  const file = await data(api.downloadExport({ client, path: { export_id }, parseAs: "blob" }));
  if (!(file instanceof Blob)) throw new TypeError("not a file");
  return file;
}

async function delivered(client: Client, webhook_endpoint_id: string): Promise<string[]> {
  const page = await story.until(
    () => data(api.listDeliveries({ client, path: { webhook_endpoint_id } })),
    (one) => one.data.length === 2 && one.data.every((delivery) => delivery.status === "delivered"),
  );
  return page.data.map((delivery) => delivery.event_type).sort();
}

async function lent(client: Client, url: string, lead_id: string): Promise<story.Lent> {
  const made = await data(api.createApiKey({ client, body: { name: "CI", scopes: ["leads:read"] } }));
  const read = () => api.getLead({ client: connect(url, made.key), path: { lead_id } });
  const read_with_key = story.must((await data(read())).name);
  const { response } = await api.revokeApiKey({ client, path: { api_key_id: made.id } });
  if (response?.status !== 204) throw new Error("not revoked");
  return { key_id: made.id, read_with_key, revoked: await refusal(read()) };
}

async function main({ url, key, hook }: ReturnType<typeof story.given>): Promise<story.Facts> {
  const client = connect(url, key);
  const subscription: api.WebhookEndpointRequest = { url: hook, event_types: ["scan.completed", "export.ready"] };
  const endpoint = await data(api.createWebhookEndpoint({ client, body: subscription }));
  const estimate = await estimated(client);
  const { scan, again } = await scanned(client);
  const near = await nearby(client);
  const lead_id = story.must(near[0]);
  const made = await exported(client);
  const too_large: api.ScanRequest = { area: { bbox: story.FAR_TOO_MUCH }, categories: ["cafe"] };
  return {
    endpoint_id: endpoint.id,
    secret: endpoint.secret,
    estimated: estimate,
    scan_id: scan.id,
    same_scan_id: again,
    found: scan.counts.found,
    ...(await listed(client)),
    nearby: near,
    lead: story.must((await data(api.getLead({ client, path: { lead_id } }))).name),
    export_id: made.id,
    rows: story.must(made.row_count),
    sha256: story.must(made.sha256),
    file_sha256: await story.sha256(await downloaded(client, made.id)),
    deliveries: await delivered(client, endpoint.id),
    ...(await lent(client, url, lead_id)),
    missing: await refusal(api.getScan({ client, path: { scan_id: story.NOBODY } })),
    invalid: await refusal(api.listLeads({ client, query: { radius_m: 100 } })),
    too_large: await refusal(api.createScan({ client, body: too_large })),
  };
}

story.tell(await main(story.given()));
