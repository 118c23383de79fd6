import type { Transaction } from "@tandem/postgres";
import { and, eq, lt } from "drizzle-orm";
import type { ReservationRepository } from "../biz/ports.ts";
import { reservationTable } from "./schema.ts";

export const makeReservationRepository = (tx: Transaction): ReservationRepository => ({
  async lockByOrderId(orderId) {
    const [row] = await tx.select().from(reservationTable).where(eq(reservationTable.orderId, orderId)).for("update");
    return row;
  },

  lockExpired: (at, limit) =>
    tx
      .select()
      .from(reservationTable)
      .where(and(eq(reservationTable.status, "HELD"), lt(reservationTable.expiresAt, at)))
      .orderBy(reservationTable.expiresAt)
      .limit(limit)
      .for("update", { skipLocked: true }),

  async createIfAbsent(reservation) {
    const created = await tx
      .insert(reservationTable)
      .values(reservation)
      .onConflictDoNothing({ target: reservationTable.orderId })
      .returning({ id: reservationTable.id });
    return created.length > 0;
  },

  async updateLines({ id, lines, version }) {
    await tx.update(reservationTable).set({ lines, version }).where(eq(reservationTable.id, id));
  },

  async updateStatus({ id, status, version }) {
    await tx.update(reservationTable).set({ status, version }).where(eq(reservationTable.id, id));
  },
});
