import type { Database } from "@tandem/postgres";
import type { SettlementFiles } from "../biz/ports.ts";
import { SETTLEMENT_HEADER } from "./read-settlement-file.ts";

interface Row extends Record<string, unknown> {
  readonly line: string;
}

/** The simulated provider's daily files, from its own books: what it captured and paid back that day, 1.4 % of captures as its fee. */
export const createSimulatedSettlementFiles = (database: Pick<Database, "query">): SettlementFiles => ({
  provider: "simulated",
  async fetch(day) {
    const { rows } = await database.query<Row>({
      name: "provider settlement file",
      text: `
        select concat_ws(',', operation_id, charge_id, kind, currency, amount_minor,
          case when kind = 'CAPTURE' then round(amount_minor * 0.014) else 0 end,
          to_char(decided_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) as line
        from provider_sim.operation
        where status = 'SUCCEEDED' and kind in ('CAPTURE', 'REFUND')
          and decided_at >= $1::date at time zone 'UTC' and decided_at < ($1::date + 1) at time zone 'UTC'
        order by decided_at, operation_id`,
      values: [day],
    });
    return [SETTLEMENT_HEADER, ...rows.map(({ line }) => line), ""].join("\n");
  },
});
