import type { Clock } from "@tandem/kernel";
import type { NotificationUnitOfWork } from "./ports.ts";

export interface ForgetTextsDeps {
  readonly uow: NotificationUnitOfWork;
  readonly clock: Clock;
  /** How long what was written stays readable. */
  readonly keepMs: number;
  /** Messages per transaction. Default 500. */
  readonly batchSize?: number;
}

/** Forgets what stood in messages that have long ended; that they were sent, when, about what and to whom stays known. Returns how many. */
export const makeForgetTexts =
  ({ uow, clock, keepMs, batchSize = 500 }: ForgetTextsDeps) =>
  async (signal?: AbortSignal): Promise<number> => {
    const before = new Date(clock.now().getTime() - keepMs);
    let total = 0;
    for (let batch = batchSize; batch === batchSize && !signal?.aborted; total += batch)
      batch = await uow.transact(({ notifications }) => notifications.forgetTexts(before, batchSize), signal);
    return total;
  };
