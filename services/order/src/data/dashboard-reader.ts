import { money } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import type { DashboardReader } from "../biz/ports.ts";
import type { OrderStatus } from "../model/order.ts";

interface Row extends Record<string, unknown> {
  readonly status: OrderStatus;
  readonly currency: string;
  readonly orders: number;
  readonly revenue: string;
  readonly items: number;
}

/** Confirmed and not cancelled: what counts as sold. */
const SOLD: ReadonlySet<OrderStatus> = new Set(["CONFIRMED", "SHIPPED", "DELIVERED", "COMPLETED"]);

export const makeDashboardReader = (database: Pick<Database, "query">): DashboardReader => ({
  async getBySellerId(sellerId) {
    const { rows } = await database.query<Row>({
      name: "seller dashboard",
      text: `select status, currency, count(*)::int as orders, sum(revenue_minor)::text as revenue, sum(items)::int as items
        from seller_order where seller_id = $1 group by status, currency`,
      values: [sellerId],
    });
    const counts = new Map<OrderStatus, number>();
    const revenue = new Map<string, bigint>();
    let itemsSold = 0;
    for (const row of rows) {
      counts.set(row.status, (counts.get(row.status) ?? 0) + row.orders);
      if (!SOLD.has(row.status)) continue;
      revenue.set(row.currency, (revenue.get(row.currency) ?? 0n) + BigInt(row.revenue));
      itemsSold += row.items;
    }
    return {
      sellerId,
      orders: [...counts].map(([status, orders]) => ({ status, count: orders })),
      revenue: [...revenue].map(([currency, minor]) => money(currency, minor)),
      itemsSold,
    };
  },
});
