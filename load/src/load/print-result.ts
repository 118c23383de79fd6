import type { OperationReport, Recorder } from "./recorder.ts";

const columns = ["operation", "count", "ok", "refused", "failed", "p50", "p95", "p99", "max"] as const;

/** A table for people: milliseconds, and counts. */
export const renderTable = (reports: readonly OperationReport[]): string[] => {
  const rows = [columns.map(String), ...reports.map((report) => columns.map((name) => String(report[name])))];
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join("  "),
  );
};

export const renderSlugs = (recorder: Recorder): string[] =>
  Object.entries(recorder.slugs())
    .sort(([, a], [, b]) => b - a)
    .map(([slug, count]) => `  ${String(count).padStart(6)}  ${slug}`);
