import type { Clock } from "@tandem/kernel";
import { providerUnknown, webhookSignatureInvalid } from "../model/errors.ts";
import type { ProviderWebhook, WebhookInbox } from "./ports.ts";

export interface ReceiveWebhookDeps {
  readonly inbox: WebhookInbox;
  readonly clock: Clock;
  /** Key by provider; a provider without one is unknown. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Whether the body is what a holder of the secret signed, lately. */
  readonly isSigned: (webhook: {
    readonly header: string;
    readonly body: Uint8Array;
    readonly secret: string;
    readonly now: Date;
  }) => boolean;
  /** @throws AppError `payment.webhook_malformed` */
  readonly read: (provider: string, body: Uint8Array) => ProviderWebhook;
  /** Told when a stored webhook could not be worked on at once; the job does it later. */
  readonly onPostponed: (error: unknown) => void;
}

export interface SignedWebhook {
  readonly provider: string;
  readonly signature: string;
  /** As it came, byte for byte. */
  readonly body: Uint8Array;
}

/**
 * Stores what the provider says, once by its event id, and makes the operation that it names due. Nothing in it is believed: the provider
 * is asked. Once it returns, the webhook is not lost.
 * @throws AppError `payment.provider_unknown`, `payment.webhook_signature_invalid`, `payment.webhook_malformed`
 */
export const makeReceiveWebhook =
  ({ inbox, clock, secrets, isSigned, read, onPostponed }: ReceiveWebhookDeps) =>
  async ({ provider, signature, body }: SignedWebhook): Promise<void> => {
    const secret = secrets.get(provider);
    if (secret === undefined) throw providerUnknown(provider);
    if (!isSigned({ header: signature, body, secret, now: clock.now() })) throw webhookSignatureInvalid();
    if (await inbox.store(read(provider, body))) await inbox.workOff(10).catch(onPostponed);
  };
