import type { Transaction } from "@tandem/postgres";
import { eq } from "drizzle-orm";
import type { PaymentRepository } from "../biz/ports.ts";
import { paymentNotFound } from "../model/errors.ts";
import { paymentFromRow, paymentToRow } from "./payment-row.ts";
import { paymentTable } from "./schema.ts";

export const makePaymentRepository = (tx: Transaction): PaymentRepository => ({
  async lockById(paymentId) {
    const [row] = await tx.select().from(paymentTable).where(eq(paymentTable.id, paymentId)).for("update");
    if (!row) throw paymentNotFound(paymentId);
    return paymentFromRow(row);
  },

  async lockByOrderId(orderId) {
    const [row] = await tx.select().from(paymentTable).where(eq(paymentTable.orderId, orderId)).for("update");
    return row && paymentFromRow(row);
  },

  async createIfAbsent(payment) {
    const created = await tx
      .insert(paymentTable)
      .values(paymentToRow(payment))
      .onConflictDoNothing({ target: paymentTable.orderId })
      .returning({ id: paymentTable.id });
    return created.length > 0;
  },

  async update(payment) {
    const { id: _, orderId: __, createdAt: ___, ...row } = paymentToRow(payment);
    await tx.update(paymentTable).set(row).where(eq(paymentTable.id, payment.id));
  },
});
