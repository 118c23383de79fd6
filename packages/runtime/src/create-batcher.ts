export interface BatcherOptions<T, R> {
  /** Answers one result per item, in their order. A rejection rejects every item of the batch. */
  readonly run: (items: readonly T[]) => Promise<readonly R[]>;
  /** Items in one run: default 1000. */
  readonly maxItems?: number;
  /** Runs at a time: default 1. */
  readonly concurrency?: number;
  /** What is not urgent waits so long for others before it runs: default 0, the current turn of the event loop. */
  readonly gatherMs?: number;
}

/** Joins calls made at the same time into one: the first runs at once, the others gather while it runs. */
export const createBatcher = <T, R>({ run, maxItems = 1_000, concurrency = 1, gatherMs = 0 }: BatcherOptions<T, R>) => {
  interface Waiting {
    readonly item: T;
    readonly resolve: (result: R) => void;
    readonly reject: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  let running = 0;
  let scheduled = false;

  const pump = async (): Promise<void> => {
    scheduled = false;
    if (running >= concurrency || waiting.length === 0) return;
    const batch = waiting.slice(0, maxItems);
    waiting = waiting.slice(maxItems);
    running++;
    if (waiting.length > 0) schedule();
    try {
      const results = await run(batch.map(({ item }) => item));
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as R);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      running--;
      if (waiting.length > 0) schedule();
    }
  };

  // After the current turn of the event loop, so that everything that it makes ready goes along.
  const schedule = () => {
    if (scheduled || running >= concurrency) return;
    scheduled = true;
    if (gatherMs > 0 && waiting.length < maxItems) setTimeout(pump, gatherMs);
    else setImmediate(pump);
  };

  return (item: T): Promise<R> =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      schedule();
    });
};
