import { type Money, money } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import type { DashboardReader, SellerDashboard } from "../biz/ports.ts";
import type { OrderStatus } from "../model/order.ts";
import type { ReturnStatus } from "../model/order-return.ts";

interface Sum extends Record<string, unknown> {
  readonly currency: string;
  readonly amount: string;
  readonly n: number;
}
interface OrderSum extends Sum {
  readonly status: OrderStatus;
  readonly items: number;
}
interface ReturnSum extends Sum {
  readonly status: ReturnStatus;
}
interface ProductSum extends Sum {
  readonly productId: string;
  readonly sku: string;
  readonly name: string;
}

/** Confirmed and not cancelled: what counts as sold. */
const SOLD: ReadonlySet<OrderStatus> = new Set(["CONFIRMED", "SHIPPED", "DELIVERED", "COMPLETED", "RETURNED"]);

/** One entry per key, with an amount per currency. */
const byKey = <R extends Sum>(rows: readonly R[], keyOf: (row: R) => string) => {
  const found = new Map<string, { first: R; n: number; amounts: Money[] }>();
  for (const row of rows) {
    const entry = found.get(keyOf(row)) ?? { first: row, n: 0, amounts: [] };
    entry.n += row.n;
    entry.amounts.push(money(row.currency, BigInt(row.amount)));
    found.set(keyOf(row), entry);
  }
  return [...found.values()];
};

export const makeDashboardReader = (database: Pick<Database, "query">): DashboardReader => {
  const ordersOf = (sellerId: string) =>
    database.query<OrderSum>({
      name: "seller dashboard orders",
      text: `select status, currency, count(*)::int as n, sum(revenue_minor)::text as amount, sum(items)::int as items
        from seller_order where seller_id = $1 group by status, currency`,
      values: [sellerId],
    });
  const returnsOf = (sellerId: string) =>
    database.query<ReturnSum>({
      name: "seller dashboard returns",
      text: `select status, currency, count(*)::int as n, sum(refund_minor)::text as amount
        from seller_return where seller_id = $1 group by status, currency`,
      values: [sellerId],
    });
  const productsOf = (sellerId: string) =>
    database.query<ProductSum>({
      name: "seller dashboard products",
      text: `
        with sold as (
          select l.product_id, l.currency, l.quantity, l.revenue_minor, l.sku, l.name
          from seller_line l join seller_order o on o.order_id = l.order_id and o.seller_id = l.seller_id
          where l.seller_id = $1 and o.status in ('CONFIRMED', 'SHIPPED', 'DELIVERED', 'COMPLETED', 'RETURNED')
        ), top as (
          select product_id, sum(quantity) as sold from sold group by product_id having sum(quantity) > 0
          order by sum(quantity) desc, product_id limit 10
        )
        select s.product_id as "productId", max(s.sku) as sku, max(s.name) as name, s.currency,
          sum(s.quantity)::int as n, sum(s.revenue_minor)::text as amount
        from top join sold s using (product_id) group by s.product_id, s.currency, top.sold order by top.sold desc, s.product_id`,
      values: [sellerId],
    });

  return {
    async getBySellerId(sellerId): Promise<SellerDashboard> {
      const [orders, returns, products] = await Promise.all([
        ordersOf(sellerId),
        returnsOf(sellerId),
        productsOf(sellerId),
      ]);
      const sold = orders.rows.filter(({ status }) => SOLD.has(status));
      const revenue = new Map<string, bigint>();
      for (const { currency, amount } of sold) revenue.set(currency, (revenue.get(currency) ?? 0n) + BigInt(amount));
      return {
        sellerId,
        orders: byKey(orders.rows, ({ status }) => status).map(({ first, n, amounts }) => ({
          status: first.status,
          count: n,
          revenue: amounts,
        })),
        revenue: [...revenue].map(([currency, minor]) => money(currency, minor)),
        itemsSold: sold.reduce((sum, { items }) => sum + items, 0),
        returns: byKey(returns.rows, ({ status }) => status).map(({ first, n, amounts }) => ({
          status: first.status,
          count: n,
          refund: amounts,
        })),
        topProducts: byKey(products.rows, ({ productId }) => productId).map(({ first, n, amounts }) => ({
          productId: first.productId,
          sku: first.sku,
          name: first.name,
          itemsSold: n,
          revenue: amounts,
        })),
      };
    },
  };
};
