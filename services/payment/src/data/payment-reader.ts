import { defineKeyset, type Orm } from "@tandem/postgres";
import { and, count, eq, inArray } from "drizzle-orm";
import type { PaymentReader } from "../biz/ports.ts";
import { paymentNotFound } from "../model/errors.ts";
import { paymentFromRow } from "./payment-row.ts";
import { paymentTable } from "./schema.ts";

// Ids are UUIDv7: their order is the order of time.
const newestFirst = defineKeyset({
  scope: "payments:id_desc",
  table: paymentTable,
  sort: [{ column: "id", direction: "desc" }],
});

export const makePaymentReader = (orm: Orm): PaymentReader => ({
  async getById(paymentId) {
    const [row] = await orm.select().from(paymentTable).where(eq(paymentTable.id, paymentId));
    if (!row) throw paymentNotFound(paymentId);
    return paymentFromRow(row);
  },

  async listByIds(paymentIds) {
    const rows = await orm
      .select()
      .from(paymentTable)
      .where(inArray(paymentTable.id, [...paymentIds]));
    return rows.map(paymentFromRow);
  },

  async listByCriteria({ orderId, customerId, status }, { limit, cursor, offset }) {
    const page = newestFirst({ limit, cursor });
    const matches = and(
      orderId ? eq(paymentTable.orderId, orderId) : undefined,
      customerId ? eq(paymentTable.customerId, customerId) : undefined,
      status ? eq(paymentTable.status, status) : undefined,
    );
    const query = orm
      .select()
      .from(paymentTable)
      .where(and(matches, page.where))
      .orderBy(...page.orderBy)
      .limit(page.limit);
    if (offset === undefined) {
      const { items, nextCursor } = page.finish(await query);
      return { items: items.map(paymentFromRow), nextCursor };
    }
    const [total] = await orm.select({ n: count() }).from(paymentTable).where(matches);
    return { items: page.finish(await query.offset(offset)).items.map(paymentFromRow), total: total?.n ?? 0 };
  },
});
