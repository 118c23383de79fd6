import { createHmac, timingSafeEqual } from "node:crypto";
import type { UnsubscribeLink } from "../biz/ports.ts";

const sign = (secret: string, id: Buffer): Buffer =>
  createHmac("sha256", secret).update("unsubscribe:marketing:").update(id).digest();

/**
 * Names a person in a link without a login: the id and its HMAC. It does not expire: the way out of an old mail must work. All that it can do
 * is to stop marketing.
 */
export const unsubscribeToken = (secret: string, customerId: string): string => {
  const id = Buffer.from(customerId.replaceAll("-", ""), "hex");
  return Buffer.concat([id, sign(secret, id)]).toString("base64url");
};

/** Whom a token names; undefined for one that we did not make. */
export const readUnsubscribeToken = (secret: string, token: string): string | undefined => {
  const bytes = Buffer.from(token, "base64url");
  if (bytes.length !== 48 || bytes.toString("base64url") !== token) return undefined;
  const id = bytes.subarray(0, 16);
  if (!timingSafeEqual(bytes.subarray(16), sign(secret, id))) return undefined;
  const hex = id.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
};

/** Without a secret there is no link, and marketing is not sent. */
export const makeUnsubscribeLink =
  (secret: string | undefined, publicUrl: string): UnsubscribeLink =>
  (customerId) =>
    secret
      ? `${publicUrl.replace(/\/$/, "")}/notification/unsubscribe/${unsubscribeToken(secret, customerId)}`
      : undefined;
