import { setTimeout as sleep } from "node:timers/promises";
import type { BrokerCircuit } from "./broker-circuit.ts";
import type { Batch } from "./claim-batch.ts";
import { judgeBatch } from "./judge-batch.ts";
import { type Marks, markBatch } from "./mark-batch.ts";
import { type Published, publishBatch } from "./publish-batch.ts";
import type { Patience } from "./publish-patience.ts";
import { createPublishSpans } from "./publish-spans.ts";
import type { RelayMetrics } from "./relay-metrics.ts";
import type { RelayOptions, RelaySettings } from "./relay-options.ts";
import type { RelaySession } from "./relay-session.ts";

export interface BatchRunnerOptions extends Omit<RelayOptions, "metrics"> {
  readonly settings: RelaySettings;
  readonly relayId: string;
  readonly session: RelaySession;
  readonly circuit: BrokerCircuit;
  readonly patience: Patience;
  readonly metrics: RelayMetrics | undefined;
  readonly isStopping: () => boolean;
}

const MARK_RETRY_MS = 100;
/** For a relay that is to stop while its database is away. */
const LAST_TRIES = 10;

/** Publishes a claimed batch, judges the outcomes, marks. Answers whether all of it is out. */
export const createBatchRunner = (options: BatchRunnerOptions) => {
  const { session, publisher, log, tracer, settings, relayId, circuit, patience, metrics, isStopping } = options;
  const { faultPoint } = settings;

  return async (batch: Batch, workSignal: AbortSignal): Promise<boolean> => {
    // From before the claim was answered, so it ends before the lease does.
    const startedAt = performance.now();
    const late = AbortSignal.timeout(batch.terms.publishTimeoutMs);
    const signal = AbortSignal.any([workSignal, late]);
    const spans = createPublishSpans(tracer);
    const published = await publishBatch(publisher, batch.events, signal, {
      prepare: spans.prepare,
      midBatch: async () => faultPoint("mid-batch"),
    });
    spans.finish(published);
    if (late.aborted) {
      patience.gaveUp(batch.terms);
      const { publishTimeoutMs } = batch.terms;
      log?.warn(
        { events: batch.events.length, publishTimeoutMs, nextMs: patience.terms.publishTimeoutMs },
        "publishes were not answered in time: the sidecar or the broker is slow; the next get more time",
      );
    } else patience.answered(performance.now() - startedAt);
    await faultPoint("after-publish");
    const { marks, outage, error } = judgeBatch(batch, published, { ...settings, trusted: circuit.trusted });
    if (outage && !workSignal.aborted) {
      if (circuit.state === "closed") log?.warn({ err: error }, "nothing gets through to the broker; the outbox waits");
      circuit.failed();
    } else if (marks.sent.length > 0) {
      if (circuit.state !== "closed") log?.info("the broker is back");
      circuit.passed();
    }
    if (metrics) observe(metrics, batch, published, startedAt, circuit);
    for (const { seq, reason, error: why } of marks.park) {
      const event = batch.events.find((candidate) => candidate.seq === seq);
      log?.error(
        { eventId: event?.id, topic: event?.topic, reason, why },
        "an event cannot be published and was parked",
      );
    }
    await faultPoint("before-mark");
    await mark(batch, marks, startedAt);
    return marks.sent.length === batch.events.length;
  };

  /** Tries until the database answers: what is marked late is not published twice. Past the lease others may have it. */
  async function mark(batch: Batch, marks: Marks, startedAt: number): Promise<void> {
    for (let lastTries = 0; ; lastTries += isStopping() ? 1 : 0) {
      try {
        if (await markBatch(session, relayId, batch, marks)) return;
        metrics?.fenced.inc();
        log?.warn(
          { token: batch.token, events: batch.events.length },
          "the lease was lost before the mark; nothing was written",
        );
        return;
      } catch (error) {
        if (performance.now() - startedAt > batch.terms.leaseMs * 2 || lastTries >= LAST_TRIES) {
          log?.error(
            { err: error, events: batch.events.length },
            "a batch could not be marked; it will be published again",
          );
          return;
        }
        await sleep(MARK_RETRY_MS);
      }
    }
  }
};

const observe = (
  metrics: RelayMetrics,
  { events }: Batch,
  published: ReadonlyMap<string, Published>,
  startedAt: number,
  circuit: BrokerCircuit,
): void => {
  const counts = new Map<string, { topic: string; outcome: string; count: number }>();
  const now = Date.now();
  for (const { seq, topic, time } of events) {
    const result = published.get(seq);
    if (!result) continue;
    const outcome = result.status === "sent" ? "sent" : result.kind;
    const entry = counts.get(`${topic} ${outcome}`) ?? { topic, outcome, count: 0 };
    entry.count += 1;
    counts.set(`${topic} ${outcome}`, entry);
    if (outcome === "sent") metrics.latency.observe(Math.max(0, now - time.getTime()) / 1_000);
  }
  for (const { topic, outcome, count } of counts.values()) metrics.published.inc({ topic, outcome }, count);
  metrics.batchSeconds.observe((performance.now() - startedAt) / 1_000);
  metrics.circuit.set(circuit.state === "closed" ? 0 : 1);
};
