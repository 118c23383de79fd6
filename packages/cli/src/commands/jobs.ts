import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { enumName } from "@tandem/contracts";
import { type Job, JobRunStatus } from "@tandem/contracts/common";
import type { Command } from "commander";
import { findPlatform } from "../platform/find-platform.ts";
import type { Platform, PlatformFlags } from "../platform/platform.ts";
import { time, wholeNumber, withPlatform } from "./common-options.ts";
import { openAggregate, openOperations } from "./operations-clients.ts";

const print = (line: string) => void process.stdout.write(`${line}\n`);

interface BackfillOptions extends PlatformFlags {
  readonly from: Date;
  readonly to: Date;
  readonly maxSlots: number;
  readonly again?: boolean;
}

/** From common-operations, which asks all at once; where that does not run, from one context after the other. */
const listAll = async (platform: Platform): Promise<{ found: readonly Job[]; silent: readonly string[] }> => {
  const answer = await (await openAggregate(platform))?.showJobs({}).catch(() => undefined);
  if (answer)
    return {
      found: answer.jobs.flatMap(({ job }) => (job ? [job] : [])),
      silent: answer.silent.map(({ context }) => context),
    };
  const found: Job[] = [];
  for (const { jobs } of await openOperations(platform)) found.push(...(await jobs.listJobs({})).jobs);
  return { found, silent: [] };
};

const operationsOf = async (job: string, flags: PlatformFlags) => {
  const context = job.split(".")[0];
  const found = (await openOperations(await findPlatform(flags))).find((one) => one.context === context);
  if (!found) throw new Error(`there is no job ${job}, or its context does not run: npm run jobs lists them`);
  return found;
};

export const addJobsCommand = (program: Command): void => {
  const jobs = program.command("jobs").description("cron jobs of all contexts: list, run now, history");

  withPlatform(jobs.command("list", { isDefault: true }))
    .description("every job, its schedule, its last and next run")
    .action(async (flags: PlatformFlags) => {
      const { found, silent } = await listAll(await findPlatform(flags));
      for (const { job, schedule, nextAt, lastRun } of found) {
        const last = lastRun
          ? `${enumName(JobRunStatus, lastRun.status).toLowerCase()} ${lastRun.error?.message ?? lastRun.summary}`
          : "never ran";
        print(
          `${job.padEnd(34)} ${schedule.padEnd(16)} next ${nextAt ? timestampDate(nextAt).toISOString() : "-"}  ${last}`,
        );
      }
      for (const context of silent) print(`${context} did not answer: its jobs are missing here`);
    });

  withPlatform(jobs.command("run"))
    .description("asks a worker to run a job now, outside its schedule")
    .argument("<job>", "order.saga-timeout, ...")
    .action(async (job: string, flags: PlatformFlags) => {
      const found = await operationsOf(job, flags);
      const { run } = await found.jobs.runNow({ job });
      print(`${job} is queued as run ${run?.runId}; see: npm run jobs -- history ${job}`);
    });

  withPlatform(jobs.command("backfill"))
    .description("queues the past slots of a job that have not succeeded")
    .argument("<job>", "warehouse.stock-reconciliation, ...")
    .requiredOption("--from <time>", "2026-11-20T00:00:00Z", time)
    .requiredOption("--to <time>", "not in the future", time)
    .option("--max-slots <n>", "refused when there are more", wholeNumber(1, 1_000), 100)
    .option("--again", "also slots that have succeeded")
    .action(async (job: string, options: BackfillOptions) => {
      const found = await operationsOf(job, options);
      const { runs } = await found.jobs.backfill({
        job,
        from: timestampFromDate(options.from),
        to: timestampFromDate(options.to),
        maxSlots: options.maxSlots,
        again: options.again ?? false,
      });
      print(
        `${runs.length} ${runs.length === 1 ? "slot is" : "slots are"} queued; see: npm run jobs -- history ${job}`,
      );
    });

  withPlatform(jobs.command("history"))
    .description("the last runs of a job")
    .argument("<job>", "order.saga-timeout, ...")
    .action(async (job: string, flags: PlatformFlags) => {
      const found = await operationsOf(job, flags);
      for (const run of (await found.jobs.listRuns({ job, page: { limit: 20 } })).runs) {
        const at = run.startedAt ? timestampDate(run.startedAt).toISOString() : "not started";
        print(
          `${run.runId.padStart(6)}  ${at}  ${enumName(JobRunStatus, run.status).toLowerCase().padEnd(10)} ${run.summary} ${run.error?.message ?? ""}`,
        );
      }
    });
};
