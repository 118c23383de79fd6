import type { Database } from "@tandem/postgres";
import type { LeasedOperation, OperationQueue } from "./operation.ts";

export interface OperationQueueOptions {
  readonly database: Pick<Database, "query">;
  /** The table of the operations' owner and the operation's column that names it, e.g. `shipment` and `shipment_id`. */
  readonly owner: { readonly table: string; readonly key: string };
  /** The table of operations. Default `operation`; its columns are in the README. */
  readonly table?: string;
  /** More columns that the call needs, of the operation (`o`) or its owner (`p`): `p.carrier, o.reason`. */
  readonly columns?: string;
}

interface Row extends Record<string, unknown> {
  readonly id: string;
  readonly ownerId: string;
  readonly kind: string;
  readonly createdAt: Date;
  readonly token: string;
  readonly attempt: number;
  readonly uncertain: boolean;
  readonly traceparent: string | null;
}

const NAME = /^[a-z_]+(\.[a-z_]+)?$/;

/**
 * A claim is a lease by the database's clock: due_at moves ahead, so nothing is lost when the claimer dies. An operation claimed before has
 * perhaps been sent: uncertain from the second claim on. Names and columns go into the statement as they are: constants of the program.
 */
export const createOperationQueue = <X extends object = object>(
  options: OperationQueueOptions,
): OperationQueue<LeasedOperation & X> => {
  const { database, owner, table = "operation", columns } = options;
  for (const name of [owner.table, owner.key, table])
    if (!NAME.test(name)) throw new TypeError(`${name} is no table or column`);
  const claim = `
    with due as (
      select id from ${table} where status = 'OPEN' and due_at <= now() order by due_at limit $1 for update skip locked
    )
    update ${table} o
    set token = o.token + 1, attempts = o.attempts + 1, uncertain = o.uncertain or o.attempts > 0,
      due_at = now() + $2 * interval '1 millisecond'
    from due, ${owner.table} p
    where o.id = due.id and p.id = o.${owner.key}
    returning o.id, o.${owner.key} as "ownerId", o.kind, o.created_at as "createdAt", o.token::text, o.attempts as attempt, o.uncertain,
      o.traceparent${columns ? `, ${columns}` : ""}`;
  return {
    async claim(limit, leaseMs) {
      const { rows } = await database.query<Row & X>({ name: `${table} claim`, text: claim, values: [limit, leaseMs] });
      return rows.map((row) => ({ ...row, token: BigInt(row.token), traceparent: row.traceparent ?? undefined }));
    },

    async postpone(operationId, token, delayMs, uncertain, error) {
      await database.query({
        name: `${table} postpone`,
        text: `update ${table} set due_at = now() + $3 * interval '1 millisecond', uncertain = $4, last_error = $5
          where id = $1 and token = $2 and status = 'OPEN'`,
        values: [operationId, token.toString(), delayMs, uncertain, error.slice(0, 500)],
      });
    },

    // Still open: it blocks its owner, as nobody knows what was done. Whoever makes it due has it asked about again.
    async park(operationId, token, error) {
      await database.query(
        `update ${table} set due_at = 'infinity', uncertain = true, last_error = $3
         where id = $1 and token = $2 and status = 'OPEN'`,
        [operationId, token.toString(), error.slice(0, 500)],
      );
    },
  };
};
