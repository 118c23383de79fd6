import { timestampDate } from "@bufbuild/protobuf/wkt";
import { enumName } from "@tandem/contracts";
import { type Order, type OrderService, OrderStatus } from "@tandem/contracts/order";
import type { RpcClient } from "@tandem/rpc";
import type { Orders } from "../biz/ports.ts";
import { orderStatusOf } from "../events/from-proto.ts";

/** Who ordered is told by an id: names and addresses stay where they are. */
const COLUMNS: readonly (readonly [string, (order: Order) => string])[] = [
  ["order_id", ({ orderId }) => orderId],
  ["created_at", ({ createdAt }) => (createdAt ? timestampDate(createdAt).toISOString() : "")],
  ["status", ({ status }) => enumName(OrderStatus, status).toLowerCase()],
  ["customer_id", ({ customerId }) => customerId],
  ["seller_ids", ({ lines }) => [...new Set(lines.map(({ sellerId }) => sellerId))].join(" ")],
  ["lines", ({ lines }) => String(lines.length)],
  ["pieces", ({ lines }) => String(lines.reduce((sum, { quantity }) => sum + quantity, 0))],
  ["items", ({ lines }) => lines.map(({ sku, name, quantity }) => `${quantity} x ${sku} ${name}`).join("; ")],
  ["currency", ({ currencyCode }) => currencyCode],
  ["total_minor", ({ totals }) => String(totals?.total?.amountMinor ?? 0n)],
  ["paid", ({ paid }) => (paid ? "yes" : "no")],
  ["voucher", ({ voucherCode }) => voucherCode],
];

export const makeOrderClient = (client: RpcClient<typeof OrderService>): Orders => ({
  columns: COLUMNS.map(([name]) => name),
  async list({ customerId = "", sellerId = "", status = "" }, cursor, signal) {
    const page = { limit: 200, ...(cursor ? { position: { case: "cursor" as const, value: cursor } } : {}) };
    const wanted = orderStatusOf(status) ?? OrderStatus.UNSPECIFIED;
    const answer = await client.listOrders({ customerId, sellerId, status: wanted, page }, { signal });
    return {
      items: answer.orders.map((order) => ({ cells: COLUMNS.map(([, cellOf]) => cellOf(order)) })),
      nextCursor: answer.page?.nextCursor || undefined,
    };
  },
});
