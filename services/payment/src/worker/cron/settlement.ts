import { type CronJob, defineCronJob } from "@tandem/jobs";
import { isAppError } from "@tandem/kernel";
import type { Metrics } from "@tandem/runtime";
import type { makeImportSettlementFile } from "../../biz/import-settlement-file.ts";
import type { SettlementFiles } from "../../biz/ports.ts";

export interface SettlementJobDeps {
  readonly files: SettlementFiles;
  readonly importFile: ReturnType<typeof makeImportSettlementFile>;
  /** Days that are settled, of the provider. */
  readonly listSettledDays: (provider: string, days: readonly string[]) => Promise<ReadonlySet<string>>;
  readonly metrics: Metrics;
}

/** A file that is late, or that differed and is corrected, is looked for this long. */
const DAYS_BACK = 7;
const DAY_MS = 86_400_000;

/** The days before, the oldest first. */
const daysBefore = (at: Date): readonly string[] =>
  Array.from({ length: DAYS_BACK }, (_, no) =>
    new Date(at.getTime() - (DAYS_BACK - no) * DAY_MS).toISOString().slice(0, 10),
  );

/** Every night: fetches the bank's file of the day before, and of any day of the week that is not settled yet, and compares it with ours. */
export const settlement = ({ files, importFile, listSettledDays, metrics }: SettlementJobDeps): CronJob => {
  const differing = metrics.gauge({
    name: "tandem_payment_settlement_differences",
    help: "Differences between the bank's files of the last days and our books, as of the last settlement",
  });
  return defineCronJob({
    name: "payment.settlement",
    description: "Compares the bank's daily files with our books, and settles the days that agree",
    schedule: "0 5 1 * * *",
    timeoutMs: 600_000,
    run: async ({ scheduledAt, signal, log }) => {
      const { provider } = files;
      const days = daysBefore(scheduledAt);
      const settled = await listSettledDays(provider, days);
      const sum = { settled: 0, differing: 0, missing: 0, unreadable: 0, differences: 0 };
      for (const day of days.filter((one) => !settled.has(one))) {
        if (signal.aborted) break;
        const content = await files.fetch(day, signal);
        if (content === undefined) {
          sum.missing += 1;
          continue;
        }
        try {
          const file = await importFile({ provider, day, content }, signal);
          sum[file.status === "AGREES" ? "settled" : "differing"] += 1;
          sum.differences += file.differences.length;
          for (const difference of file.differences)
            log.error({ day, difference }, "the bank's books differ from ours");
        } catch (err) {
          // One unreadable day does not hold up the others.
          if (!isAppError(err, "payment.settlement_file_invalid")) throw err;
          sum.unreadable += 1;
          log.error({ day, problems: err.details }, "the bank's file cannot be read");
        }
      }
      differing.set(sum.differences);
      return sum;
    },
  });
};
