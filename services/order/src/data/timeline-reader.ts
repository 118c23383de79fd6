import type { Database } from "@tandem/postgres";
import type { SagaEngine, SagaHistoryEntry } from "@tandem/saga";
import type { TimelineReader, TimelineRecord } from "../biz/ports.ts";
import type { Checkout } from "../saga/checkout-saga.ts";

interface PublishedRow extends Record<string, unknown> {
  readonly eventId: string;
  readonly topic: string;
  readonly note: string;
  readonly at: Date;
}

const FAILURES = new Set([
  "stock_rejected",
  "payment_failed",
  "capture_failed",
  "shipment_failed",
  "refund_failed",
  "fulfillment_short",
  "cancellation_refused",
]);
const UNDONE = new Set(["stock_released", "payment_refunded", "fulfillment_cancelled"]);
/** What changes nothing is noise to a person. */
const SHOWN = new Set(["applied", "kept", "timed_out", "retried", "compensating", "parked", "resumed", "aborted"]);

const outcomeOf = ({ outcome, eventType }: SagaHistoryEntry): TimelineRecord["outcome"] => {
  if (FAILURES.has(eventType ?? "") || outcome === "timed_out" || outcome === "parked") return "FAILED";
  return UNDONE.has(eventType ?? "") || outcome === "compensating" ? "COMPENSATED" : "DONE";
};

const toRecord = (entry: SagaHistoryEntry): TimelineRecord => ({
  step: entry.eventType?.replace("_", ".") ?? entry.outcome.replace("_", " "),
  service: entry.source ?? "order",
  eventId: entry.eventId ?? "",
  text: entry.note ?? (entry.to && entry.to !== entry.from ? entry.to.replaceAll("_", " ") : ""),
  outcome: outcomeOf(entry),
  at: entry.at,
});

/** An order's story: what it published, and what its checkout saga received, by time. */
export const makeTimelineReader = (
  database: Pick<Database, "query">,
  engine: Pick<SagaEngine<Checkout>, "getById" | "listHistory">,
): TimelineReader => ({
  async getByOrderId(orderId) {
    const [saga, history, published] = await Promise.all([
      engine.getById(orderId),
      engine.listHistory(orderId),
      database.query<PublishedRow>({
        name: "order events",
        text: `select event_id as "eventId", topic, note, at from order_event where order_id = $1 order by event_id limit 500`,
        values: [orderId],
      }),
    ]);
    const records = [
      ...history.filter(({ outcome }) => SHOWN.has(outcome)).map(toRecord),
      ...published.rows.map(
        ({ eventId, topic, note, at }): TimelineRecord => ({
          step: topic,
          service: "order",
          eventId,
          text: note,
          outcome: topic === "order.cancelled" ? "COMPENSATED" : "DONE",
          at,
        }),
      ),
    ].sort((a, b) => a.at.getTime() - b.at.getTime());
    return {
      sagaState: saga.position,
      final: saga.status === "completed" || saga.status === "compensated" || saga.status === "parked",
      records,
    };
  },
});
