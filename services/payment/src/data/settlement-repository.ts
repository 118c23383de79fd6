import { money } from "@tandem/kernel";
import type { Transaction } from "@tandem/postgres";
import type { SettlementRepository } from "../biz/ports.ts";
import { settlementToRow } from "./payment-row.ts";
import { settlementTable } from "./schema.ts";

interface Row extends Record<string, unknown> {
  readonly currency: string;
  readonly gross: string;
  readonly refunded: string;
  readonly ids: readonly string[];
  readonly from: Date;
}

export const makeSettlementRepository = (tx: Transaction): SettlementRepository => ({
  async lockUnsettled(until) {
    const { rows } = await tx.client.query<Row>({
      name: "payments unsettled",
      text: `
        with taken as (
          select id, currency, captured_minor, refunded_minor, captured_at from payment
          where settlement_id is null and captured_at < $1 and method = 'CARD' for update
        )
        select currency, sum(captured_minor)::text as gross, sum(refunded_minor)::text as refunded,
          array_agg(id) as ids, min(captured_at) as "from"
        from taken group by currency order by currency`,
      values: [until],
    });
    return rows.map(({ currency, gross, refunded, ids, from }) => ({
      gross: money(currency, BigInt(gross)),
      refunded: money(currency, BigInt(refunded)),
      paymentCount: ids.length,
      paymentIds: ids,
      periodStart: from,
      periodEnd: until,
    }));
  },

  async create(settlement, paymentIds) {
    await tx.insert(settlementTable).values(settlementToRow(settlement));
    await tx.client.query("update payment set settlement_id = $1 where id = any($2)", [settlement.id, paymentIds]);
  },
});
