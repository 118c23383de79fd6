import type { Transaction } from "@tandem/postgres";
import { currentTraceparent } from "@tandem/runtime";
import type { OperationRepository } from "../biz/ports.ts";

/** @param onDue called after the commit of a transaction that asked something of a carrier: due in so many milliseconds */
export const makeOperationRepository = (tx: Transaction, onDue: (inMs: number) => void): OperationRepository => ({
  async create({ id, shipmentId, kind, delayMs, createdAt }) {
    await tx.client.query({
      name: "operation create",
      text: `insert into operation (id, shipment_id, kind, status, due_at, created_at, traceparent)
        values ($1, $2, $3, 'OPEN', now() + $4 * interval '1 millisecond', $5, $6)`,
      values: [id, shipmentId, kind, delayMs, createdAt, currentTraceparent() ?? null],
    });
    tx.afterCommit(() => onDue(delayMs));
  },

  async isBusy(shipmentId) {
    const { rowCount } = await tx.client.query({
      name: "operation open",
      text: "select 1 from operation where shipment_id = $1 and status = 'OPEN'",
      values: [shipmentId],
    });
    return rowCount === 1;
  },

  async finish(operationId, token, outcome) {
    const refused = outcome.type === "refused";
    const { rowCount } = await tx.client.query({
      name: "operation finish",
      text: `update operation set status = $3, last_error = $4, finished_at = now()
        where id = $1 and token = $2 and status = 'OPEN'`,
      values: [operationId, token.toString(), refused ? "FAILED" : "SUCCEEDED", refused ? outcome.text : null],
    });
    return rowCount === 1;
  },

  async again(operationId, token, delayMs) {
    const { rowCount } = await tx.client.query({
      name: "operation again",
      text: `update operation
        set due_at = now() + $3 * interval '1 millisecond', attempts = 0, uncertain = false, last_error = null
        where id = $1 and token = $2 and status = 'OPEN'`,
      values: [operationId, token.toString(), delayMs],
    });
    if (rowCount === 1) tx.afterCommit(() => onDue(delayMs));
    return rowCount === 1;
  },
});
