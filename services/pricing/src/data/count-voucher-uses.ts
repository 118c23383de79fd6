import type { VoucherUses } from "../model/voucher.ts";
import type { StatementRunner } from "./statement-runner.ts";

/**
 * What speaks against one more use: used ones, and those that other customers' quotes hold. A customer's own quotes do not: he
 * may ask as often as he likes before he orders.
 */
export const countVoucherUses = async (
  client: StatementRunner,
  voucherId: string,
  customerId: string | undefined,
  now: Date,
): Promise<VoucherUses> => {
  const { rows } = await client.query<VoucherUses>({
    name: "voucher uses",
    text: `
      select count(*) filter (
          where status = 'USED' or (held_until > $3 and ($2::uuid is null or customer_id is distinct from $2)))::int as total,
        count(*) filter (where status = 'USED' and customer_id = $2)::int as "byCustomer"
      from voucher_use where voucher_id = $1 and status <> 'RELEASED'`,
    values: [voucherId, customerId ?? null, now],
  });
  return rows[0] ?? { total: 0, byCustomer: 0 };
};
