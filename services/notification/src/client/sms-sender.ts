import type { MessageSender } from "../biz/ports.ts";
import { providerUnavailable, rejected } from "../model/errors.ts";

export interface SmsSenderOptions {
  /** Where messages are posted to. */
  readonly url: string;
  readonly token?: string | undefined;
  /** Shown as the sender, at most 11 letters. */
  readonly sender: string;
  /** Longest wait for an answer. Default 10 000. */
  readonly timeoutMs?: number;
}

const E164 = /^\+[1-9]\d{6,14}$/;

/**
 * SMS through a provider over HTTP: `POST {url}` with `{ to, from, text }` and the message's id as `Idempotency-Key`, by which the provider
 * knows a message that it has taken already. 2xx is taken, 429 and 5xx and silence are later, any other 4xx is never.
 */
export const createSmsSender = ({ url, token, sender, timeoutMs = 10_000 }: SmsSenderOptions): MessageSender => ({
  async send({ id, address, text }, signal) {
    if (!E164.test(address)) throw rejected("The phone number is not in international form.");
    let answer: Response;
    try {
      answer = await fetch(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "idempotency-key": id,
          ...(token ? { authorization: `Bearer ${token}` } : {}),
        },
        body: JSON.stringify({ to: address, from: sender, text }),
        redirect: "error",
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
    } catch (cause) {
      throw providerUnavailable("The SMS provider did not answer.", cause);
    }
    if (answer.ok) {
      const body = (await answer.json().catch(() => ({}))) as { id?: unknown };
      return typeof body?.id === "string" ? body.id : id;
    }
    await answer.body?.cancel();
    // A refused token is ours to mend: the message can go later.
    const final = answer.status >= 400 && answer.status < 500 && ![401, 403, 408, 429].includes(answer.status);
    const why = `The SMS provider answered ${answer.status}.`;
    if (final) throw rejected(why);
    const seconds = Number(answer.headers.get("retry-after"));
    throw providerUnavailable(why, seconds > 0 ? { retryAfterMs: seconds * 1_000 } : undefined);
  },
});
