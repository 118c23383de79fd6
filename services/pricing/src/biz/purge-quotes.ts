import type { Clock } from "@tandem/kernel";
import type { QuoteStore } from "./ports.ts";

export interface PurgeQuotesDeps {
  readonly quotes: Pick<QuoteStore, "deleteExpired">;
  readonly clock: Clock;
  /** How long an expired quote can still be read. */
  readonly keepMs: number;
  /** Quotes per statement, 1 to 10 000; default 1000. */
  readonly batchSize?: number;
}

/** Removes quotes that expired long ago, in batches, until none is left or the signal fires. Returns how many. */
export const makePurgeQuotes =
  ({ quotes, clock, keepMs, batchSize = 1_000 }: PurgeQuotesDeps) =>
  async (signal?: AbortSignal): Promise<number> => {
    const before = new Date(clock.now().getTime() - keepMs);
    let purged = 0;
    for (let batch = batchSize; batch === batchSize && !signal?.aborted; purged += batch) {
      batch = await quotes.deleteExpired(before, batchSize);
    }
    return purged;
  };
