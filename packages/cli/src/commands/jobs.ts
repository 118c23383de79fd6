import { timestampDate } from "@bufbuild/protobuf/wkt";
import { enumName } from "@tandem/contracts";
import { JobRunStatus } from "@tandem/contracts/common";
import type { Command } from "commander";
import { portOffsetOption } from "./common-options.ts";
import { openOperations } from "./operations-clients.ts";

const print = (line: string) => void process.stdout.write(`${line}\n`);

export const addJobsCommand = (program: Command): void => {
  const jobs = program.command("jobs").description("cron jobs of all contexts: list, run now, history");

  jobs
    .command("list", { isDefault: true })
    .description("every job, its schedule, its last and next run")
    .addOption(portOffsetOption())
    .action(async ({ portOffset }: { portOffset: number }) => {
      for (const { jobs: client } of await openOperations(portOffset)) {
        for (const { job, schedule, nextAt, lastRun } of (await client.listJobs({})).jobs) {
          const last = lastRun
            ? `${enumName(JobRunStatus, lastRun.status).toLowerCase()} ${lastRun.summary}`
            : "never ran";
          print(
            `${job.padEnd(34)} ${schedule.padEnd(16)} next ${nextAt ? timestampDate(nextAt).toISOString() : "-"}  ${last}`,
          );
        }
      }
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
