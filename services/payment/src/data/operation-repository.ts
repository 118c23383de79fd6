import type { Transaction } from "@tandem/postgres";
import { currentTraceparent } from "@tandem/runtime";
import type { OperationRepository } from "../biz/ports.ts";
import type { OperationKind } from "../model/operation.ts";

/** @param onCreated called after the commit of a transaction that asked something of the provider */
export const makeOperationRepository = (tx: Transaction, onCreated: () => void): OperationRepository => ({
  async create({ id, paymentId, kind, amount, reason, createdAt }) {
    await tx.client.query({
      name: "operation create",
      text: `insert into operation (id, payment_id, kind, currency, amount_minor, reason, status, due_at, created_at, traceparent)
        values ($1, $2, $3, $4, $5, $6, 'OPEN', now(), $7, $8)`,
      values: [
        id,
        paymentId,
        kind,
        amount.currency,
        amount.minor.toString(),
        reason,
        createdAt,
        currentTraceparent() ?? null,
      ],
    });
    tx.afterCommit(onCreated);
  },

  async findOpenKind(paymentId) {
    const { rows } = await tx.client.query<{ kind: OperationKind }>({
      name: "operation open",
      text: "select kind from operation where payment_id = $1 and status = 'OPEN'",
      values: [paymentId],
    });
    return rows[0]?.kind;
  },

  async finish(operationId, token, outcome) {
    const { rowCount } = await tx.client.query({
      name: "operation finish",
      text: `update operation set status = $3, reference = $4, failure_code = $5, last_error = $6, finished_at = now()
        where id = $1 and token = $2 and status = 'OPEN'`,
      values: [
        operationId,
        token.toString(),
        outcome.type === "succeeded" ? "SUCCEEDED" : "FAILED",
        outcome.type === "succeeded" ? outcome.reference : null,
        outcome.type === "failed" ? outcome.code : null,
        outcome.type === "failed" ? outcome.text : null,
      ],
    });
    return rowCount === 1;
  },
});
