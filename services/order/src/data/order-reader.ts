import { type Database, defineKeyset } from "@tandem/postgres";
import { and, count, eq, exists, inArray, isNotNull, isNull, lt, sql } from "drizzle-orm";
import type { OrderCriteria, OrderReader } from "../biz/ports.ts";
import { orderNotFound } from "../model/errors.ts";
import { ORDER_BY_ID, ORDER_BY_KEY } from "./order-repository.ts";
import { fromColumns, fromRow } from "./order-row.ts";
import { erasedCustomerTable, ordersTable, sellerOrderTable } from "./schema.ts";

const newestFirst = defineKeyset({
  scope: "orders:created_desc",
  table: ordersTable,
  sort: [{ column: "createdAt", direction: "desc" }],
});

export const makeOrderReader = ({ orm, query }: Pick<Database, "orm" | "query">): OrderReader => {
  const find = async (statement: { name: string; text: string }, key: string) => {
    const { rows } = await query<Record<string, unknown>>({ ...statement, values: [key] });
    return rows[0] && fromColumns(rows[0]);
  };
  const ids = async (where: ReturnType<typeof and>, limit: number): Promise<readonly string[]> => {
    const rows = await orm
      .select({ id: ordersTable.id })
      .from(ordersTable)
      .where(where)
      .orderBy(ordersTable.createdAt)
      .limit(limit);
    return rows.map(({ id }) => id);
  };
  const matching = ({ customerId, sellerId, status }: OrderCriteria) =>
    and(
      customerId ? eq(ordersTable.customerId, customerId) : undefined,
      status ? eq(ordersTable.status, status) : undefined,
      sellerId
        ? exists(
            orm
              .select({ one: sql`1` })
              .from(sellerOrderTable)
              .where(and(eq(sellerOrderTable.sellerId, sellerId), eq(sellerOrderTable.orderId, ordersTable.id))),
          )
        : undefined,
    );

  return {
    async getById(orderId) {
      const order = await find(ORDER_BY_ID, orderId);
      if (!order) throw orderNotFound(orderId);
      return order;
    },

    getByCheckoutKey: (checkoutKey) => find(ORDER_BY_KEY, checkoutKey),

    async listByIds(orderIds) {
      const rows = await orm
        .select()
        .from(ordersTable)
        .where(inArray(ordersTable.id, [...orderIds]));
      return rows.map(fromRow);
    },

    async listByCriteria(criteria, { limit, cursor, offset }) {
      const page = newestFirst({ limit, cursor });
      const matches = matching(criteria);
      const query = orm
        .select()
        .from(ordersTable)
        .where(and(matches, page.where))
        .orderBy(...page.orderBy)
        .limit(page.limit);
      if (offset === undefined) {
        const { items, nextCursor } = page.finish(await query);
        return { items: items.map(fromRow), nextCursor };
      }
      const [total] = await orm.select({ n: count() }).from(ordersTable).where(matches);
      return { items: page.finish(await query.offset(offset)).items.map(fromRow), total: total?.n ?? 0 };
    },

    listCodToConfirm: (reservedBefore, limit) =>
      ids(
        and(
          eq(ordersTable.status, "PENDING"),
          lt(ordersTable.reservedAt, reservedBefore),
          sql`${ordersTable.paymentMethod} ->> 'kind' = 'COD'`,
        ),
        limit,
      ),

    listUnpaidShipped: (shippedBefore, limit) =>
      ids(
        and(
          isNull(ordersTable.paidAt),
          isNotNull(ordersTable.shippedAt),
          lt(ordersTable.shippedAt, shippedBefore),
          inArray(ordersTable.status, ["SHIPPED", "DELIVERED"]),
        ),
        limit,
      ),

    listCancellationsAsked: (askedBefore, limit) =>
      ids(and(isNotNull(ordersTable.cancelRequestedAt), lt(ordersTable.cancelRequestedAt, askedBefore)), limit),

    listToErase: (limit) =>
      ids(
        and(
          inArray(ordersTable.customerId, orm.select({ id: erasedCustomerTable.customerId }).from(erasedCustomerTable)),
          inArray(ordersTable.status, ["COMPLETED", "CANCELLED", "RETURNED"]),
          sql`${ordersTable.shippingAddress} ->> 'recipient' <> 'erased'`,
        ),
        limit,
      ),

    listPendingExpired: (expiredBefore, limit) =>
      ids(and(eq(ordersTable.status, "PENDING"), lt(ordersTable.reservationExpiresAt, expiredBefore)), limit),
  };
};
