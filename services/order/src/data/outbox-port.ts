import type { Outbox } from "@tandem/messaging";
import type { Transaction } from "@tandem/postgres";
import type { OutboxPort } from "../biz/ports.ts";
import { toOutgoingEvent } from "../events/to-outgoing-event.ts";
import type { OrderEvent } from "../model/order-events.ts";
import { pendingWrites } from "./pending-writes.ts";

const noteOf = (event: OrderEvent): string => {
  if (event.type === "order.updated") return event.change.toLowerCase().replaceAll("_", " ");
  if (event.type === "order.cancelled") return event.order.cancelNote || (event.order.cancelReason ?? "").toLowerCase();
  return event.order.status.toLowerCase();
};

/** Queues events and notes them in the order's story, in the same transaction. */
export const makeOutboxPort = (tx: Transaction, outbox: Outbox): OutboxPort => ({
  async add(...events) {
    if (events.length === 0) return;
    const carried = outbox.rowsOf(...events.map(toOutgoingEvent));
    pendingWrites(tx).tell(
      events.map((event, index) => ({
        event: carried[index] ?? {},
        order_id: event.order.id,
        note: noteOf(event),
        at: event.at.toISOString(),
      })),
      outbox.wake,
    );
  },
});
