// What every program plays and tells; tests/clients/story.py holds it against the truth.

import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

export interface Refusal {
  status: number;
  code: string;
  details: string[];
}

export interface Facts {
  endpoint_id: string;
  secret: string;
  estimated: number;
  scan_id: string;
  same_scan_id: string;
  found: number;
  total: number;
  pages: string[][];
  nearby: string[];
  lead: string;
  export_id: string;
  rows: number;
  sha256: string;
  file_sha256: string;
  deliveries: string[];
  key_id: string;
  read_with_key: string;
  revoked: Refusal;
  missing: Refusal;
  invalid: Refusal;
  too_large: Refusal;
}

/** What a key was lent for. */
export type Lent = Pick<Facts, "key_id" | "read_with_key" | "revoked">;

type Box = [number, number, number, number];

export const BBOX: Box = [24.93, 60.16, 24.96, 60.185];
export const FAR_TOO_MUCH: Box = [-10, 35, 30, 70];
export const CENTRE = { lat: 60.17, lon: 24.94 };
export const NOBODY = "scan_" + "0".repeat(26);
export const LONG_AGO = "2020-01-01T00:00:00Z";

/** The address of the API, a key, and where webhooks go. */
export function given(): { url: string; key: string; hook: string } {
  const [url, key, hook] = process.argv.slice(2);
  return { url: must(url) + "/v1", key: must(key), hook: must(hook) };
}

/** The value, which has to be there. */
export function must<T>(value: T): NonNullable<T> {
  if (value === null || value === undefined) throw new TypeError("expected a value");
  return value;
}

/** Ask until the answer is a good one. */
export async function until<T>(ask: () => Promise<T>, good: (answer: T) => boolean): Promise<T> {
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(50)) {
    const answer = await ask();
    if (good(answer)) return answer;
  }
  throw new Error("waited too long");
}

export async function sha256(file: Blob): Promise<string> {
  return createHash("sha256").update(Buffer.from(await file.arrayBuffer())).digest("hex");
}

export function tell(facts: Facts): void {
  console.log(JSON.stringify(facts));
}
