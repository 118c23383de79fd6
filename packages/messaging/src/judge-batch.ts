import type { Batch } from "./claim-batch.ts";
import type { Marks } from "./mark-batch.ts";
import type { Published } from "./publish-batch.ts";

export interface JudgeOptions {
  /** Tries that failed transiently while others passed, before the event is parked. */
  readonly maxAttempts: number;
  readonly retryMinDelayMs: number;
  readonly retryMaxDelayMs: number;
  /** 0 <= n < 1. */
  readonly random: () => number;
}

export interface Verdict {
  readonly marks: Marks;
  /** Nothing got through, and nothing was refused for good: the broker is away. Burns no attempt. */
  readonly outage: boolean;
  readonly error: Error | undefined;
}

/** Tells an event that fails from a broker that fails: only where others of the batch got an answer does a failure count. */
export const judgeBatch = (
  { events }: Batch,
  published: ReadonlyMap<string, Published>,
  { maxAttempts, retryMinDelayMs, retryMaxDelayMs, random }: JudgeOptions,
): Verdict => {
  const sent: string[] = [];
  const retry: { seq: string; delayMs: number }[] = [];
  const park: { seq: string; reason: "permanent" | "exhausted"; error: string }[] = [];
  let error: Error | undefined;
  for (const { seq, attempt } of events) {
    const outcome = published.get(seq);
    if (!outcome) continue;
    if (outcome.status === "sent") {
      sent.push(seq);
      continue;
    }
    error ??= outcome.error;
    const message = `${outcome.error.name}: ${outcome.error.message}`;
    if (outcome.kind === "permanent") park.push({ seq, reason: "permanent", error: message });
    else if (attempt >= maxAttempts) park.push({ seq, reason: "exhausted", error: message });
    else {
      const ceiling = Math.min(retryMaxDelayMs, retryMinDelayMs * 2 ** (attempt - 1));
      retry.push({ seq, delayMs: ceiling * (0.5 + random() / 2) });
    }
  }
  const refused = park.filter(({ reason }) => reason === "permanent");
  const outage = sent.length === 0 && refused.length === 0 && published.size > 0;
  return { marks: outage ? { sent: [], retry: [], park: [] } : { sent, retry, park }, outage, error };
};
