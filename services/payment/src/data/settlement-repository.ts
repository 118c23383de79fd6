import type { Transaction } from "@tandem/postgres";
import type { SettlementRepository } from "../biz/ports.ts";
import { settlementToRow } from "./payment-row.ts";
import { settlementTable } from "./schema.ts";

export const makeSettlementRepository = (tx: Transaction): SettlementRepository => ({
  async create(settlement, paymentIds) {
    await tx.insert(settlementTable).values(settlementToRow(settlement));
    await tx.client.query("update payment set settlement_id = $1 where id = any($2)", [settlement.id, paymentIds]);
  },
});
