import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { enumName } from "@tandem/contracts";
import { type Job, JobRunStatus } from "@tandem/contracts/common";
import type { Command } from "commander";
import { portOffsetOption } from "./common-options.ts";
import { openAggregate, openOperations } from "./operations-clients.ts";

const print = (line: string) => void process.stdout.write(`${line}\n`);

interface BackfillOptions {
  readonly portOffset: number;
  readonly from: string;
  readonly to: string;
  readonly maxSlots: string;
  readonly again?: boolean;
}

/** From common-operations, which asks all at once; where that does not run, from one context after the other. */
const listAll = async (portOffset: number): Promise<{ found: readonly Job[]; silent: readonly string[] }> => {
  const answer = await (await openAggregate(portOffset))?.showJobs({}).catch(() => undefined);
  if (answer)
    return {
      found: answer.jobs.flatMap(({ job }) => (job ? [job] : [])),
      silent: answer.silent.map(({ context }) => context),
    };
  const found: Job[] = [];
  for (const { jobs } of await openOperations(portOffset)) found.push(...(await jobs.listJobs({})).jobs);
  return { found, silent: [] };
};

export const addJobsCommand = (program: Command): void => {
  const jobs = program.command("jobs").description("cron jobs of all contexts: list, run now, history");

  jobs
    .command("list", { isDefault: true })
    .description("every job, its schedule, its last and next run")
    .addOption(portOffsetOption())
    .action(async ({ portOffset }: { portOffset: number }) => {
      const { found, silent } = await listAll(portOffset);
      for (const { job, schedule, nextAt, lastRun } of found) {
        const last = lastRun
          ? `${enumName(JobRunStatus, lastRun.status).toLowerCase()} ${lastRun.summary}`
          : "never ran";
        print(
          `${job.padEnd(34)} ${schedule.padEnd(16)} next ${nextAt ? timestampDate(nextAt).toISOString() : "-"}  ${last}`,
        );
      }
      for (const context of silent) print(`${context} did not answer: its jobs are missing here`);
    });

  jobs
    .command("run")
    .description("asks a worker to run a job now, outside its schedule")
    .argument("<job>", "order.saga-timeout, ...")
    .addOption(portOffsetOption())
    .action(async (job: string, { portOffset }: { portOffset: number }) => {
      const context = job.split(".")[0];
      const found = (await openOperations(portOffset)).find((one) => one.context === context);
      if (!found) throw new Error(`no context ${context} runs`);
      const { run } = await found.jobs.runNow({ job });
      print(`${job} is queued as run ${run?.runId}; see: npm run jobs -- history ${job}`);
    });

  jobs
    .command("backfill")
    .description("queues the past slots of a job that have not succeeded")
    .argument("<job>", "warehouse.stock-reconciliation, ...")
    .requiredOption("--from <time>", "2026-11-20T00:00:00Z")
    .requiredOption("--to <time>", "not in the future")
    .option("--max-slots <n>", "refused when there are more", "100")
    .option("--again", "also slots that have succeeded")
    .addOption(portOffsetOption())
    .action(async (job: string, options: BackfillOptions) => {
      const context = job.split(".")[0];
      const found = (await openOperations(options.portOffset)).find((one) => one.context === context);
      if (!found) throw new Error(`no context ${context} runs`);
      const { runs } = await found.jobs.backfill({
        job,
        from: timestampFromDate(new Date(options.from)),
        to: timestampFromDate(new Date(options.to)),
        maxSlots: Number(options.maxSlots),
        again: options.again ?? false,
      });
      print(`${runs.length} slots are queued; see: npm run jobs -- history ${job}`);
    });

  jobs
    .command("history")
    .description("the last runs of a job")
    .argument("<job>", "order.saga-timeout, ...")
    .addOption(portOffsetOption())
    .action(async (job: string, { portOffset }: { portOffset: number }) => {
      const context = job.split(".")[0];
      const found = (await openOperations(portOffset)).find((one) => one.context === context);
      if (!found) throw new Error(`no context ${context} runs`);
      for (const run of (await found.jobs.listRuns({ job, page: { limit: 20 } })).runs) {
        const at = run.startedAt ? timestampDate(run.startedAt).toISOString() : "not started";
        print(
          `${run.runId.padStart(6)}  ${at}  ${enumName(JobRunStatus, run.status).toLowerCase().padEnd(10)} ${run.summary} ${run.error?.message ?? ""}`,
        );
      }
    });
};
