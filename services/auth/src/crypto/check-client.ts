import { createHash, timingSafeEqual } from "node:crypto";
import type { CheckClient } from "../biz/issue-service-token.ts";

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Secrets are random and long, so their plain hashes are all that this context knows of them. Several per client: old and new, while one is changed. */
export const createCheckClient = (clients: Readonly<Record<string, readonly string[]>>): CheckClient => {
  const known = new Map(
    Object.entries(clients).map(([client, hashes]) => [client, hashes.map((hash) => Buffer.from(hash, "hex"))]),
  );
  const nobodys = [Buffer.alloc(32)];
  return (client, secret) => {
    const given = sha256(secret);
    const expected = known.get(client) ?? nobodys;
    // Every one is compared, so that time does not tell which came close.
    const matches = expected.filter((hash) => timingSafeEqual(hash, given)).length;
    return known.has(client) && matches > 0;
  };
};
