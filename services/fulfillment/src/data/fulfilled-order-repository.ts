import type { Transaction } from "@tandem/postgres";
import { eq } from "drizzle-orm";
import type { FulfilledOrderRepository } from "../biz/ports.ts";
import { fulfilledOrderTable as table } from "./schema.ts";

export const makeFulfilledOrderRepository = (tx: Transaction): FulfilledOrderRepository => ({
  async lock(orderId) {
    await tx.insert(table).values({ orderId }).onConflictDoNothing();
    const [row] = await tx.select().from(table).where(eq(table.orderId, orderId)).for("update");
    return { orderId, cancelled: row?.cancelledAt != null };
  },

  async markCancelled(orderId, at) {
    await tx.update(table).set({ cancelledAt: at }).where(eq(table.orderId, orderId));
  },
});
