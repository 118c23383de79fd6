import type { Outbox } from "@tandem/messaging";
import { groupCalls } from "@tandem/operations";
import type { Database } from "@tandem/postgres";
import type { NewOperation, StepStore } from "../biz/ports.ts";
import { handOverQuery, openOnceQuery } from "./open-shipment.ts";
import { type TracedStep, traced, type Written, writeSteps } from "./write-steps.ts";

/** Each call is one statement; steps of several parcels that come at once are one. */
export const makeStepStore = (database: Database, outbox: Outbox, onDue: (inMs: number) => void): StepStore => {
  const told = (next: NewOperation | undefined): void => {
    if (next && !next.held) onDue(next.delayMs);
  };
  const save = groupCalls(async (steps: readonly TracedStep[]) => {
    const written = await writeSteps((query) => database.query<Written>(query), steps);
    for (const { from, next, rows } of written) {
      told(next);
      if (from?.againInMs !== undefined) onDue(from.againInMs);
      if (rows.length > 0) outbox.wake();
    }
    return steps.map((step) => written.has(step));
  });
  return {
    save: (step) => save(traced(step, outbox)),

    async open(shipment, next, once, signal) {
      const query = openOnceQuery(shipment, next, once);
      const { rows } = await database.query<{ fresh: boolean; opened: boolean }>(query, undefined, signal);
      once.written(rows[0]?.fresh === true);
      if (rows[0]?.opened) told(next);
    },

    async handOver(fulfillmentId, from, next, key, signal) {
      const { rowCount } = await database.query(handOverQuery(fulfillmentId, from, next, key), undefined, signal);
      if (rowCount === 1) told(next);
      return rowCount === 1;
    },
  };
};
