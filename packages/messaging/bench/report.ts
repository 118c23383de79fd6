export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

export const spread = (values: readonly number[]): string =>
  `${Math.round(median(values))} (${Math.round(Math.min(...values))}..${Math.round(Math.max(...values))})`;

/** Runs `work` over and over from `workers` callers for `ms`; returns completions per second. */
export const rate = async (workers: number, ms: number, work: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now();
  let done = 0;
  await Promise.all(
    Array.from({ length: workers }, async () => {
      while (performance.now() - startedAt < ms) {
        await work();
        done += 1;
      }
    }),
  );
  return (done * 1_000) / (performance.now() - startedAt);
};
