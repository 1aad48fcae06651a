// The story with openapi-fetch over the types that openapi-typescript makes.

import createClient, { type Client } from "openapi-fetch";

import type { components, paths } from "./generated/openapi-typescript/schema.js";
import * as story from "./story.js";

type Schemas = components["schemas"];
type Api = Client<paths>;

function connect(url: string, key: string): Api {
  return createClient<paths>({
    baseUrl: url,
    headers: { Authorization: `Bearer ${key}` },
    // it does not read the contract when it runs: lists are written with commas
    querySerializer: { array: { style: "form", explode: false } },
  });
}

/** The body of a good answer. */
async function data<T>(call: Promise<{ data?: T; error?: unknown }>): Promise<NonNullable<T>> {
  const { data, error } = await call;
  if (error !== undefined) throw new Error(JSON.stringify(error));
  return story.must(data);
}

async function refusal(call: Promise<{ error?: Schemas["Error"]; response: Response }>): Promise<story.Refusal> {
  const { error, response } = await call;
  const { code, details = [] } = story.must(error).error;
  return { status: response.status, code, details: details.map((one) => `${one.in} ${one.field}: ${one.code}`) };
}

async function scanned(api: Api): Promise<{ scan: Schemas["Scan"]; again: string }> {
  const params = { header: { "Idempotency-Key": crypto.randomUUID() } };
  const body: Schemas["ScanRequest"] = { area: { bbox: story.BBOX }, categories: ["cafe"] };
  const ids: string[] = [];
  for (let turn = 0; turn < 2; turn++) {
    const made = await data(api.POST("/scans", { params, body }));
    if (!("id" in made)) throw new TypeError("not a scan");
    ids.push(made.id);
  }
  const [scan_id, again] = [story.must(ids[0]), story.must(ids[1])];
  const now = () => data(api.GET("/scans/{scan_id}", { params: { path: { scan_id } } }));
  return { scan: await story.until(now, (one) => one.status === "completed"), again };
}

async function estimated(api: Api): Promise<number> {
  const body: Schemas["ScanRequest"] = { area: { bbox: story.BBOX }, categories: ["cafe"], dry_run: true };
  const answer = await data(api.POST("/scans", { body }));
  if (!("tiles" in answer)) throw new TypeError("not an estimate");
  return answer.counts.found;
}

async function listed(api: Api): Promise<{ total: number; pages: string[][] }> {
  const page = (cursor?: string) =>
    data(
      api.GET("/leads", {
        params: {
          query: {
            category: ["cafe", "bar"],
            bbox: story.BBOX,
            seen_since: story.LONG_AGO,
            fields: ["name", "location"],
            sort: "name",
            limit: 3,
            ...(cursor ? { cursor } : {}),
          },
        },
      }),
    );
  const first = await page();
  const second = await page(story.must(first.next_cursor));
  return { total: first.total.value, pages: [first, second].map((one) => one.data.map((lead) => lead.id)) };
}

async function nearby(api: Api): Promise<string[]> {
  const body: Schemas["LeadSearchRequest"] = {
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
  return (await data(api.POST("/leads/search", { body }))).data.map((lead) => lead.id);
}

async function exported(api: Api): Promise<Schemas["Export"]> {
  const body: Schemas["ExportRequest"] = { format: "csv", filters: { category: { eq: "cafe" } } };
  const made = await data(api.POST("/exports", { body }));
  if (!("id" in made)) throw new TypeError("not an export");
  const params = { path: { export_id: made.id } };
  return story.until(
    () => data(api.GET("/exports/{export_id}", { params })),
    (one) => one.status === "completed",
  );
}

function downloaded(api: Api, export_id: string): Promise<Blob> {
  return data(api.GET("/exports/{export_id}/download", { params: { path: { export_id } }, parseAs: "blob" }));
}

async function delivered(api: Api, webhook_endpoint_id: string): Promise<string[]> {
  const params = { path: { webhook_endpoint_id } };
  const page = await story.until(
    () => data(api.GET("/webhook-endpoints/{webhook_endpoint_id}/deliveries", { params })),
    (one) => one.data.length === 2 && one.data.every((delivery) => delivery.status === "delivered"),
  );
  return page.data.map((delivery) => delivery.event_type).sort();
}

async function lent(api: Api, url: string, lead_id: string): Promise<story.Lent> {
  const body: Schemas["ApiKeyRequest"] = { name: "CI", scopes: ["leads:read"] };
  const made = await data(api.POST("/api-keys", { body }));
  const read = () => connect(url, made.key).GET("/leads/{lead_id}", { params: { path: { lead_id } } });
  const read_with_key = story.must((await data(read())).name);
  const { response } = await api.DELETE("/api-keys/{api_key_id}", { params: { path: { api_key_id: made.id } } });
  if (response.status !== 204) throw new Error("not revoked");
  return { key_id: made.id, read_with_key, revoked: await refusal(read()) };
}

async function main({ url, key, hook }: ReturnType<typeof story.given>): Promise<story.Facts> {
  const api = connect(url, key);
  const events: Schemas["SubscribableEventType"][] = ["scan.completed", "export.ready"];
  const endpoint = await data(api.POST("/webhook-endpoints", { body: { url: hook, event_types: events } }));
  const estimate = await estimated(api);
  const { scan, again } = await scanned(api);
  const near = await nearby(api);
  const lead_id = story.must(near[0]);
  const made = await exported(api);
  const too_large: Schemas["ScanRequest"] = { area: { bbox: story.FAR_TOO_MUCH }, categories: ["cafe"] };
  return {
    endpoint_id: endpoint.id,
    secret: endpoint.secret,
    estimated: estimate,
    scan_id: scan.id,
    same_scan_id: again,
    found: scan.counts.found,
    ...(await listed(api)),
    nearby: near,
    lead: story.must((await data(api.GET("/leads/{lead_id}", { params: { path: { lead_id } } }))).name),
    export_id: made.id,
    rows: story.must(made.row_count),
    sha256: story.must(made.sha256),
    file_sha256: await story.sha256(await downloaded(api, made.id)),
    deliveries: await delivered(api, endpoint.id),
    ...(await lent(api, url, lead_id)),
    missing: await refusal(api.GET("/scans/{scan_id}", { params: { path: { scan_id: story.NOBODY } } })),
    invalid: await refusal(api.GET("/leads", { params: { query: { radius_m: 100 } } })),
    too_large: await refusal(api.POST("/scans", { body: too_large })),
  };
}

story.tell(await main(story.given()));
