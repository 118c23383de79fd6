import { money } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import type { RefundReader } from "../biz/ports.ts";
import type { Refund } from "../model/operation.ts";

interface Row extends Record<string, unknown>, Pick<Refund, "id" | "reason" | "status" | "createdAt"> {
  readonly paymentId: string;
  readonly currency: string;
  readonly amountMinor: string;
}

export const makeRefundReader = (database: Pick<Database, "query">): RefundReader => ({
  async mapByPaymentIds(paymentIds) {
    if (paymentIds.length === 0) return new Map();
    const { rows } = await database.query<Row>({
      name: "refunds of payments",
      text: `select id, payment_id as "paymentId", currency, amount_minor::text as "amountMinor", reason, created_at as "createdAt",
          case when status = 'OPEN' then 'PENDING' else status end as status
        from operation where payment_id = any($1) and kind = 'REFUND' order by payment_id, id`,
      values: [[...paymentIds]],
    });
    const refunds = rows.map(({ currency, amountMinor, ...row }) => ({
      ...row,
      amount: money(currency, BigInt(amountMinor)),
    }));
    return Map.groupBy(refunds, ({ paymentId }) => paymentId);
  },
});
