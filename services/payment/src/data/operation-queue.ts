import { money } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import type { OperationQueue } from "../biz/ports.ts";
import type { OperationKind } from "../model/operation.ts";
import type { MethodKind } from "../model/payment.ts";

interface Row extends Record<string, unknown> {
  readonly id: string;
  readonly paymentId: string;
  readonly kind: OperationKind;
  readonly currency: string;
  readonly amountMinor: string;
  readonly reason: string;
  readonly createdAt: Date;
  readonly token: string;
  readonly attempt: number;
  readonly uncertain: boolean;
  readonly method: MethodKind;
  readonly cardToken: string;
  readonly providerReference: string;
  readonly traceparent: string | null;
}

// A claim is a lease by the database's clock: due_at moves ahead, so nothing is lost when the claimer dies. An operation claimed
// before has perhaps been sent: uncertain from the second claim on.
const CLAIM = `
  with due as (
    select id from operation where status = 'OPEN' and due_at <= now() order by due_at limit $1 for update skip locked
  )
  update operation o
  set token = o.token + 1, attempts = o.attempts + 1, uncertain = o.uncertain or o.attempts > 0,
    due_at = now() + $2 * interval '1 millisecond'
  from due, payment p
  where o.id = due.id and p.id = o.payment_id
  returning o.id, o.payment_id as "paymentId", o.kind, o.currency, o.amount_minor::text as "amountMinor", o.reason,
    o.created_at as "createdAt", o.token::text, o.attempts as attempt, o.uncertain,
    p.method, p.card_token as "cardToken", p.provider_reference as "providerReference",
    o.traceparent`;

export const makeOperationQueue = (database: Pick<Database, "query">): OperationQueue => ({
  async claim(limit, leaseMs) {
    const { rows } = await database.query<Row>({ name: "operation claim", text: CLAIM, values: [limit, leaseMs] });
    return rows.map(({ currency, amountMinor, token, traceparent, ...row }) => ({
      ...row,
      traceparent: traceparent ?? undefined,
      amount: money(currency, BigInt(amountMinor)),
      token: BigInt(token),
    }));
  },

  async postpone(operationId, token, delayMs, uncertain, error) {
    await database.query(
      `update operation set due_at = now() + $3 * interval '1 millisecond', uncertain = $4, last_error = $5
       where id = $1 and token = $2 and status = 'OPEN'`,
      [operationId, token.toString(), delayMs, uncertain, error.slice(0, 500)],
    );
  },

  // Still open: it blocks its payment, as nobody knows what the provider did. Whoever makes it due has it asked about again.
  async park(operationId, token, error) {
    await database.query(
      `update operation set due_at = 'infinity', uncertain = true, last_error = $3
       where id = $1 and token = $2 and status = 'OPEN'`,
      [operationId, token.toString(), error.slice(0, 500)],
    );
  },
});
