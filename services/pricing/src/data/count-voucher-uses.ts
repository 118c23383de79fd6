import type { VoucherUses } from "../model/voucher.ts";
import type { StatementRunner } from "./statement-runner.ts";

/**
 * What speaks against one more use: used ones, those that checkouts hold, and those that other customers' quotes hold. A customer's
 * own questions do not: he may ask as often as he likes before he orders.
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
          where status = 'USED' or (held_until > $3
            and (checkout_key is not null or $2::uuid is null or customer_id is distinct from $2)))::int as total,
        count(*) filter (
          where customer_id = $2 and (status = 'USED' or (held_until > $3 and checkout_key is not null)))::int as "byCustomer",
        count(*) filter (where status = 'USED')::int as used
      from voucher_use where voucher_id = $1 and status <> 'RELEASED'`,
    values: [voucherId, customerId ?? null, now],
  });
  return rows[0] ?? { total: 0, byCustomer: 0, used: 0 };
};
