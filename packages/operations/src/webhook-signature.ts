import { createHmac, timingSafeEqual } from "node:crypto";

export interface WebhookSignature {
  readonly header: string;
  readonly body: Uint8Array;
  readonly secret: string;
  readonly now: Date;
}

/** A webhook older or newer than this is a replay, or its sender's clock is wrong. */
export const REPLAY_WINDOW_MS = 300_000;
/** While a key is changed, a sender signs with both. */
const MAX_SIGNATURES = 4;
const HEADER = new RegExp(`^t=(\\d{1,11})((?:,v1=[0-9a-f]{64}){1,${MAX_SIGNATURES}})$`);

const macOf = (secret: string, seconds: string, body: Uint8Array): Buffer =>
  createHmac("sha256", secret).update(`${seconds}.`).update(body).digest();

/** The header `webhook-signature` as a provider would write it: `t=<unix seconds>,v1=<HMAC-SHA256 of "<t>.<body>" in hex>`. */
export const signWebhook = (secret: string, body: Uint8Array, at: Date): string => {
  const seconds = String(Math.floor(at.getTime() / 1_000));
  return `t=${seconds},v1=${macOf(secret, seconds, body).toString("hex")}`;
};

/** Whether the body is what a holder of the secret signed, lately. Takes the same time for every wrong signature. */
export const isSignedWebhook = ({ header, body, secret, now }: WebhookSignature): boolean => {
  const [, seconds = "", signatures = ""] = HEADER.exec(header) ?? [];
  if (seconds === "" || Math.abs(now.getTime() - Number(seconds) * 1_000) > REPLAY_WINDOW_MS) return false;
  const expected = macOf(secret, seconds, body);
  let matches = false;
  for (const hex of signatures.split(",v1=").slice(1)) {
    if (timingSafeEqual(expected, Buffer.from(hex, "hex"))) matches = true;
  }
  return matches;
};
