import type { Transaction } from "@tandem/postgres";
import type { FulfilledOrderRepository } from "../biz/ports.ts";

export const makeFulfilledOrderRepository = (tx: Transaction): FulfilledOrderRepository => ({
  // One statement for one that is known and for one that is not: it waits for whoever holds the row, and finds it as they left it.
  async lock(orderId) {
    const { rows } = await tx.client.query<{ cancelled: boolean }>({
      name: "order lock",
      text: `insert into fulfilled_order (order_id) values ($1)
        on conflict (order_id) do update set cancelled_at = fulfilled_order.cancelled_at
        returning cancelled_at is not null as cancelled`,
      values: [orderId],
    });
    return { orderId, cancelled: rows[0]?.cancelled === true };
  },

  async markCancelled(orderId, at) {
    await tx.client.query({
      name: "order cancelled",
      text: "update fulfilled_order set cancelled_at = $2 where order_id = $1",
      values: [orderId, at],
    });
  },
});
