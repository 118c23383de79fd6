export type Outcome = "ok" | "refused" | "failed";

export interface OperationReport {
  readonly operation: string;
  readonly count: number;
  readonly ok: number;
  /** Answers that say no for a good reason: sold out, already shipped. */
  readonly refused: number;
  readonly failed: number;
  /** Milliseconds from when the call was due to its answer, whatever the answer. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface Recorder {
  record(operation: string, outcome: Outcome, elapsedMs: number, slug?: string): void;
  reports(): readonly OperationReport[];
  /** Errors and refusals by their names. */
  slugs(): Readonly<Record<string, number>>;
}

interface Row {
  readonly latencies: number[];
  readonly outcomes: Record<Outcome, number>;
}

const rank = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))] ?? 0;
const rounded = (ms: number): number => Math.round(ms * 10) / 10;

export const createRecorder = (): Recorder => {
  const rows = new Map<string, Row>();
  const named: Record<string, number> = {};
  return {
    record: (operation, outcome, elapsedMs, slug) => {
      const row = rows.get(operation) ?? { latencies: [], outcomes: { ok: 0, refused: 0, failed: 0 } };
      rows.set(operation, row);
      row.latencies.push(elapsedMs);
      row.outcomes[outcome] += 1;
      if (slug !== undefined) named[`${operation}: ${slug}`] = (named[`${operation}: ${slug}`] ?? 0) + 1;
    },
    reports: () =>
      [...rows].map(([operation, { latencies, outcomes }]) => {
        const sorted = latencies.toSorted((a, b) => a - b);
        return {
          operation,
          count: sorted.length,
          ...outcomes,
          p50: rounded(rank(sorted, 0.5)),
          p95: rounded(rank(sorted, 0.95)),
          p99: rounded(rank(sorted, 0.99)),
          max: rounded(sorted.at(-1) ?? 0),
        };
      }),
    slugs: () => named,
  };
};
