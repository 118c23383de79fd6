import type { Clock } from "@tandem/kernel";
import { carrierUnknown, webhookMalformed, webhookSignatureInvalid } from "../model/errors.ts";
import type { TrackingQueue } from "./ports.ts";

export interface ReceiveWebhookDeps {
  readonly tracking: Pick<TrackingQueue, "hasten">;
  readonly clock: Clock;
  /** By carrier; one without takes no webhooks. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly isSigned: (input: {
    readonly secret: string;
    readonly header: string;
    readonly body: Uint8Array;
    readonly now: Date;
  }) => boolean;
}

export interface IncomingWebhook {
  readonly carrier: string;
  readonly signature: string;
  readonly body: Uint8Array;
}

const trackingNumberOf = (body: Uint8Array): string => {
  try {
    const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    const found = typeof json === "object" && json !== null && "trackingNumber" in json ? json.trackingNumber : "";
    if (typeof found === "string" && /^[A-Z0-9]{6,40}$/.test(found)) return found;
  } catch {
    // Said below, whatever was wrong.
  }
  throw webhookMalformed();
};

/**
 * A carrier says that something happened to a parcel: a hint, never a fact. The carrier is asked at once; a repeat, or news of a parcel that
 * is none of ours, changes nothing.
 * @throws AppError `shipping.carrier_unknown`, `shipping.webhook_signature_invalid`, `shipping.webhook_malformed`
 */
export const makeReceiveWebhook =
  ({ tracking, clock, secrets, isSigned }: ReceiveWebhookDeps) =>
  async ({ carrier, signature, body }: IncomingWebhook): Promise<void> => {
    const secret = secrets.get(carrier);
    if (secret === undefined) throw carrierUnknown(carrier);
    if (!isSigned({ secret, header: signature, body, now: clock.now() })) throw webhookSignatureInvalid();
    await tracking.hasten(carrier, trackingNumberOf(body));
  };
