import type { IncomingMessage } from "node:http";
import { isRole, roles } from "./roles.ts";
import type { TokenClaims } from "./sign-token.ts";

const MAX_BODY_BYTES = 16_384;
const fields = ["subject", "kind", "roles", "customerId", "sellerId", "ttlSeconds"];

/** Reads the JSON body of `POST /token`. @throws Error whose message tells a developer what to send */
export const readTokenRequest = async (req: IncomingMessage): Promise<TokenClaims> => {
  if (!/^application\/json\b/.test(req.headers["content-type"] ?? ""))
    throw new Error("Send content-type: application/json.");
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Error(`The body is over ${MAX_BODY_BYTES} bytes.`);
    chunks.push(chunk);
  }
  const body: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw new Error("Send a JSON object.");
  const unknownField = Object.keys(body).find((key) => !fields.includes(key));
  if (unknownField !== undefined) throw new Error(`Unknown field ${unknownField}; known: ${fields.join(", ")}.`);
  const {
    subject,
    kind = "user",
    roles: wanted = ["customer"],
    customerId,
    sellerId,
    ttlSeconds,
  } = body as Record<string, unknown>;
  if (typeof subject !== "string" || subject === "") throw new Error("subject must be a non-empty string.");
  if (kind !== "user" && kind !== "service") throw new Error('kind must be "user" or "service".');
  if (!Array.isArray(wanted) || !wanted.every(isRole)) throw new Error(`roles must be a list of: ${roles.join(", ")}.`);
  for (const id of [customerId, sellerId])
    if (id !== undefined && (typeof id !== "string" || id === ""))
      throw new Error("customerId and sellerId must be non-empty strings.");
  if (ttlSeconds !== undefined && typeof ttlSeconds !== "number") throw new Error("ttlSeconds must be a number.");
  return {
    subject,
    kind,
    roles: wanted,
    ...(customerId === undefined ? {} : { customerId: customerId as string }),
    ...(sellerId === undefined ? {} : { sellerId: sellerId as string }),
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
  };
};
