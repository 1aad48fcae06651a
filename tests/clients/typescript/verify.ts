// Verifies messages with the official library, each at the time it was signed. Reads them from a file, prints yes or no.
import { readFileSync } from "node:fs";
import { createPublicKey, verify } from "node:crypto";
import { Webhook } from "standardwebhooks";

interface Message {
  secret: string;
  public_key: string | null;
  headers: Record<string, string>;
  body: string;
}

function byLibrary(message: Message): boolean {
  Date.now = () => Number(message.headers["webhook-timestamp"]) * 1000;
  try {
    new Webhook(message.secret).verify(message.body, message.headers);
    return true;
  } catch {
    return false;
  }
}

// docs/webhooks.md shows this function
function byPublicKey(publicKey: string, headers: Record<string, string>, body: string): boolean {
  const x = Buffer.from(publicKey.replace("whpk_", ""), "base64").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const signed = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
  return (headers["webhook-signature"] ?? "").split(" ").some((one) => {
    const [version, signature] = one.split(",");
    return version === "v1a" && verify(null, signed, key, Buffer.from(signature ?? "", "base64"));
  });
}

const messages: Message[] = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
const answers = messages.map((one) => ({
  v1: byLibrary(one),
  v1a: one.public_key !== null && byPublicKey(one.public_key, one.headers, one.body),
}));
process.stdout.write(JSON.stringify(answers));
