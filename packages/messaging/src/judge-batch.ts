import type { Batch } from "./claim-batch.ts";
import type { Marks } from "./mark-batch.ts";
import type { Published } from "./publish-batch.ts";

export interface JudgeOptions {
  /** Tries that failed transiently while others passed, before the event is parked. */
  readonly maxAttempts: number;
  readonly retryMinDelayMs: number;
  readonly retryMaxDelayMs: number;
  /** The broker took something of late. */
  readonly trusted: boolean;
  /** 0 <= n < 1. */
  readonly random: () => number;
}

export interface Verdict {
  readonly marks: Marks;
  /**
   * Nothing got through: the broker is away, or refuses all there is because it is set up wrong. Burns no attempt. Only a broker
   * that has taken something of late is believed when it refuses for good, or fails with events that failed before.
   */
  readonly outage: boolean;
  readonly error: Error | undefined;
}

/** Tells an event that fails from a broker that fails: only where others of the batch got an answer does a failure count. */
export const judgeBatch = (
  { events }: Batch,
  published: ReadonlyMap<string, Published>,
  { maxAttempts, retryMinDelayMs, retryMaxDelayMs, trusted, random }: JudgeOptions,
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
  const refused = park.some(({ reason }) => reason === "permanent");
  const suspected = events.every(({ attempt }) => attempt > 1);
  const outage = published.size > 0 && sent.length === 0 && !(trusted && (refused || suspected));
  return { marks: outage ? { sent: [], retry: [], park: [] } : { sent, retry, park }, outage, error };
};
