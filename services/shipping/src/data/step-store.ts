import type { Outbox } from "@tandem/messaging";
import { groupCalls } from "@tandem/operations";
import type { Database } from "@tandem/postgres";
import { withTraceparent } from "@tandem/runtime";
import type { StepStore } from "../biz/ports.ts";
import { toOutgoingEvent } from "../events/to-outgoing-event.ts";
import { type TracedStep, traced, type Written, writeSteps } from "./write-steps.ts";

/** Steps of several parcels that come at once are one statement; without events it is the whole transaction. */
export const makeStepStore = (database: Database, outbox: Outbox, onDue: (inMs: number) => void): StepStore => {
  const write = async (steps: readonly TracedStep[]): Promise<ReadonlySet<TracedStep>> => {
    if (steps.every(({ events }) => events.length === 0))
      return writeSteps((query) => database.query<Written>(query), steps);
    return database.transact(async (tx) => {
      const written = await writeSteps((query) => tx.client.query<Written>(query), steps);
      for (const { events, traceparent } of written)
        await withTraceparent(traceparent, () => outbox.in(tx).add(...events.map(toOutgoingEvent)));
      return written;
    });
  };
  const save = groupCalls(async (steps: readonly TracedStep[]) => {
    const written = await write(steps);
    for (const { from, next } of written) {
      if (next && !next.held) onDue(next.delayMs);
      if (from?.againInMs !== undefined) onDue(from.againInMs);
    }
    return steps.map((step) => written.has(step));
  });
  return { save: (step) => save(traced(step)) };
};
