import type { Database } from "@tandem/postgres";
import type { Drift, ReconciliationReader } from "../biz/ports.ts";

export const makeReconciliationReader = (database: Pick<Database, "query">): ReconciliationReader => ({
  async listDrifts(limit) {
    // One statement, one snapshot: stock and ledger are compared as of the same moment while orders go on.
    const { rows } = await database.query<Drift & Record<string, unknown>>({
      name: "warehouse drifts",
      text: `
        with ledger as (
          select product_id, sum(on_hand_delta)::int as on_hand, sum(reserved_delta)::int as reserved
          from movement group by product_id
        )
        select product_id as "productId",
          coalesce(s.on_hand, 0) as "onHand", coalesce(l.on_hand, 0) as "onHandByLedger",
          coalesce(s.reserved, 0) as "reserved", coalesce(l.reserved, 0) as "reservedByLedger"
        from stock s full join ledger l using (product_id)
        where (coalesce(s.on_hand, 0), coalesce(s.reserved, 0)) <> (coalesce(l.on_hand, 0), coalesce(l.reserved, 0))
        order by product_id limit $1`,
      values: [limit],
    });
    return rows;
  },
});
