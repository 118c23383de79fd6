import type { Database } from "@tandem/postgres";
import type { ReconciliationReader } from "../biz/ports.ts";
import type { Evidence } from "../model/drift.ts";

// One statement, one snapshot: the witnesses are compared as of the same moment while orders go on.
const witnesses = (where: string) => `
  with ledger as (
    select product_id, sum(on_hand_delta)::int as on_hand, sum(reserved_delta)::int as reserved
    from movement ${where} group by product_id
  ), held as (
    select (line ->> 'productId')::uuid as product_id, sum((line ->> 'quantity')::int)::int as reserved
    from reservation, jsonb_array_elements(lines) as line where status = 'HELD' group by 1
  ), compared as (
    select product_id as "productId",
      coalesce(s.on_hand, 0) as "onHand", coalesce(s.reserved, 0) as "reserved",
      coalesce(l.on_hand, 0) as "onHandByLedger", coalesce(l.reserved, 0) as "reservedByLedger",
      coalesce(h.reserved, 0) as "reservedByOrders"
    from stock s full join ledger l using (product_id) full join held h using (product_id)
  )
  select * from compared`;

export const makeReconciliationReader = (database: Pick<Database, "query">): ReconciliationReader => ({
  async listDiffering(limit) {
    const { rows } = await database.query<Evidence & Record<string, unknown>>({
      name: "warehouse drifts",
      text: `${witnesses("")}
        where "onHand" <> "onHandByLedger" or "reserved" <> "reservedByLedger" or "reserved" <> "reservedByOrders"
        order by "productId" limit $1`,
      values: [limit],
    });
    return rows;
  },

  async getEvidence(productId) {
    const { rows } = await database.query<Evidence & Record<string, unknown>>({
      name: "warehouse evidence",
      text: `${witnesses("where product_id = $1")} where "productId" = $1`,
      values: [productId],
    });
    const nothing = { onHand: 0, reserved: 0, onHandByLedger: 0, reservedByLedger: 0, reservedByOrders: 0 };
    return rows[0] ?? { productId, ...nothing };
  },
});
