import { money } from "@tandem/kernel";
import { createOperationQueue } from "@tandem/operations";
import type { Database } from "@tandem/postgres";
import type { OperationQueue } from "../biz/ports.ts";
import type { OperationKind } from "../model/operation.ts";
import type { MethodKind } from "../model/payment.ts";

interface Columns {
  readonly currency: string;
  readonly amountMinor: string;
  readonly reason: string;
  readonly method: MethodKind;
  readonly cardToken: string;
  readonly providerReference: string;
}

export const makeOperationQueue = (database: Pick<Database, "query">): OperationQueue => {
  const queue = createOperationQueue<Columns>({
    database,
    owner: { table: "payment", key: "payment_id" },
    columns: `o.currency, o.amount_minor::text as "amountMinor", o.reason,
      p.method, p.card_token as "cardToken", p.provider_reference as "providerReference"`,
  });
  return {
    ...queue,
    async claim(limit, leaseMs) {
      const claimed = await queue.claim(limit, leaseMs);
      return claimed.map(({ ownerId, kind, currency, amountMinor, ...operation }) => ({
        ...operation,
        paymentId: ownerId,
        kind: kind as OperationKind,
        amount: money(currency, BigInt(amountMinor)),
      }));
    },
  };
};
