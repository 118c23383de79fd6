import type { ClaimedEvent } from "./claim-batch.ts";
import type { EventPublisher, OutboxEvent, PublishOutcome } from "./events.ts";

/** What the broker said about one event. `unknown`: nothing, so it may be out. */
export type Published =
  | { readonly status: "sent" }
  | { readonly status: "failed"; readonly kind: "transient" | "permanent"; readonly error: Error };

/**
 * Publishes in waves: the first event of each aggregate, then the second of each, so that an aggregate's events go out one
 * after the other. When one is not sent, the later ones of its aggregate are left alone; so is what would begin after `signal`.
 * @returns outcomes by seq; events without one were not tried
 */
export const publishBatch = async (
  publisher: EventPublisher,
  events: readonly ClaimedEvent[],
  signal: AbortSignal,
  hooks: { readonly prepare?: (event: ClaimedEvent) => OutboxEvent; readonly midBatch?: () => Promise<void> } = {},
): Promise<Map<string, Published>> => {
  const done = new Map<string, Published>();
  const held = new Set<string>();
  const prepare = hooks.prepare ?? ((event) => event);
  for (const [at, wave] of wavesOf(events).entries()) {
    if (at > 0) await hooks.midBatch?.();
    const going = wave.filter(({ subject }) => !held.has(subject));
    if (going.length === 0 || signal.aborted) break;
    const outcomes = await publishWave(publisher, going.map(prepare), signal);
    for (const event of going) {
      const outcome = outcomes.get(event.id) ?? noAnswer();
      done.set(event.seq, outcome);
      if (outcome.status !== "sent") held.add(event.subject);
    }
  }
  return done;
};

const wavesOf = (events: readonly ClaimedEvent[]): ClaimedEvent[][] => {
  const waves: ClaimedEvent[][] = [];
  const depth = new Map<string, number>();
  for (const event of events) {
    const at = depth.get(event.subject) ?? 0;
    depth.set(event.subject, at + 1);
    const wave = waves[at];
    if (wave) wave.push(event);
    else waves.push([event]);
  }
  return waves;
};

/** A publisher that throws, hangs or forgets events has said nothing about them: they may be out, and go again. */
const publishWave = async (
  publisher: EventPublisher,
  wave: readonly OutboxEvent[],
  signal: AbortSignal,
): Promise<Map<string, Published>> => {
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    const outcomes = await Promise.race([publisher.publish(wave, signal), aborted]);
    return new Map(outcomes.map((outcome) => [outcome.id, toPublished(outcome)]));
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    return new Map(wave.map(({ id }) => [id, { status: "failed", kind: "transient", error: failure }]));
  } finally {
    if (onAbort) signal.removeEventListener("abort", onAbort);
  }
};

const toPublished = (outcome: PublishOutcome): Published =>
  outcome.status === "sent" ? { status: "sent" } : { status: "failed", kind: outcome.kind, error: outcome.error };

const noAnswer = (): Published => ({
  status: "failed",
  kind: "transient",
  error: new Error("the publisher gave no outcome for this event"),
});
