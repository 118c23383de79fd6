/** Runs what is given to it, at most `limit` at a time, in order of arrival. */
export type Limit = <T>(work: () => Promise<T>) => Promise<T>;

export const limitConcurrency = (limit: number): Limit => {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      // The slot goes straight to the next in line, so that nobody can slip in between.
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
};
