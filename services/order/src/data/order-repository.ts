import type { Transaction } from "@tandem/postgres";
import { eq } from "drizzle-orm";
import type { OrderRepository } from "../biz/ports.ts";
import { orderNotFound } from "../model/errors.ts";
import type { Order } from "../model/order.ts";
import { asRecords } from "./order-change.ts";
import { contentOf, fromColumns, insertedColumns, insertedCount, insertedValues, orderColumns } from "./order-row.ts";
import { pendingWrites } from "./pending-writes.ts";
import { myOrderRow, sellerLineRows, sellerRows } from "./read-model-rows.ts";
import { shortenReadModels } from "./read-models.ts";
import { ordersTable } from "./schema.ts";

const SELECT = `select ${orderColumns} from orders o`;

export const ORDER_BY_ID = { name: "order by id", text: `${SELECT} where o.id = $1` };
export const ORDER_BY_KEY = { name: "order by checkout key", text: `${SELECT} where o.checkout_key = $1` };
const LOCK = { name: "order lock", text: `${SELECT} where o.id = $1 for update` };

/** For the saga: what its effects change, locked with it. An id that is none finds none. */
export const ORDER_OF_SAGA = `${SELECT} where o.id = (case when $2 ~ '^[0-9a-fA-F-]{36}$' then $2::text::uuid end)`;

export const makeOrderRepository = (tx: Transaction): OrderRepository => {
  const writes = pendingWrites(tx);
  const read = async (statement: { name: string; text: string }, key: string): Promise<Order | undefined> => {
    const { rows } = await tx.client.query<Record<string, unknown>>({ ...statement, values: [key] });
    return rows[0] && fromColumns(rows[0]);
  };
  const readById = async (statement: { name: string; text: string }, orderId: string): Promise<Order> => {
    // Changed by this transaction, and so locked by it.
    const order = writes.find(orderId) ?? (await read(statement, orderId));
    if (!order) throw orderNotFound(orderId);
    return order;
  };
  return {
    getById: (orderId) => readById(ORDER_BY_ID, orderId),
    lockById: (orderId) => readById(LOCK, orderId),
    getByCheckoutKey: (checkoutKey) => read(ORDER_BY_KEY, checkoutKey),

    async createIfAbsent(order, checkoutKey) {
      const lists = [sellerRows(order), sellerLineRows(order), [myOrderRow(order)]];
      const { rowCount } = await tx.client.query({
        name: "order create",
        text: CREATE,
        values: [...insertedValues(order, checkoutKey), ...lists.map(asRecords)],
      });
      return rowCount === 1;
    },

    update: (order) => writes.update(order),

    async updateLines(order) {
      const { returns: _, ...content } = contentOf(order);
      await tx.update(ordersTable).set(content).where(eq(ordersTable.id, order.id));
      await shortenReadModels(tx, order);
    },
  };
};

const parameters = Array.from({ length: insertedCount }, (_, at) => `$${at + 1}`).join(", ");

/** The order and the lists that people look at, or nothing when there is an order of this checkout. */
const CREATE = `
  with created as (
    insert into orders (${insertedColumns}) values (${parameters})
    on conflict (checkout_key) do nothing
    returning id
  ), sold as (
    insert into seller_order (seller_id, order_id, status, currency, revenue_minor, items)
    select r."sellerId", c.id, r.status, r.currency, r."revenueMinor", r.items
    from created c, jsonb_to_recordset($${insertedCount + 1}::jsonb)
      as r("sellerId" uuid, status text, currency text, "revenueMinor" bigint, items integer)
  ), lines as (
    insert into seller_line (order_id, seller_id, product_id, sku, name, quantity, currency, revenue_minor)
    select c.id, r."sellerId", r."productId", r.sku, r.name, r.quantity, r.currency, r."revenueMinor"
    from created c, jsonb_to_recordset($${insertedCount + 2}::jsonb)
      as r("sellerId" uuid, "productId" uuid, sku text, name text, quantity integer, currency text, "revenueMinor" bigint)
    on conflict do nothing
  ), mine as (
    insert into my_order (order_id, customer_id, status, currency, total_minor, items, title, paid, cancel_requested,
      open_returns, version, created_at, updated_at)
    select c.id, r."customerId", r.status, r.currency, r."totalMinor", r.items, r.title, r.paid, r."cancelRequested",
      r."openReturns", r.version, r."createdAt", r."updatedAt"
    from created c, jsonb_to_recordset($${insertedCount + 3}::jsonb)
      as r("customerId" uuid, status text, currency text, "totalMinor" bigint, items integer, title text, paid boolean,
        "cancelRequested" boolean, "openReturns" integer, version bigint, "createdAt" timestamptz, "updatedAt" timestamptz)
  )
  select id from created`;
