import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { ErrorInfoSchema, JobRunSchema, JobRunStatus, JobSchema, type JobService } from "@tandem/contracts/common";
import { createJobHistory, type JobRun, type RunStatus } from "@tandem/jobs";
import type { Clock } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import { callOf, readPage, writePage } from "@tandem/rpc";

const statuses: Readonly<Record<RunStatus, JobRunStatus>> = {
  due: JobRunStatus.REQUESTED,
  running: JobRunStatus.RUNNING,
  succeeded: JobRunStatus.SUCCEEDED,
  failed: JobRunStatus.FAILED,
  timed_out: JobRunStatus.FAILED,
  abandoned: JobRunStatus.ABANDONED,
  skipped: JobRunStatus.SKIPPED,
};
const statusNamed = (status: JobRunStatus): RunStatus | undefined =>
  (Object.keys(statuses) as RunStatus[]).find((name) => statuses[name] === status);

const toProto = (run: JobRun) =>
  create(JobRunSchema, {
    runId: run.id,
    job: run.job,
    scheduledAt: timestampFromDate(run.scheduledAt),
    ...(run.startedAt ? { startedAt: timestampFromDate(run.startedAt) } : {}),
    ...(run.finishedAt ? { finishedAt: timestampFromDate(run.finishedAt) } : {}),
    status: statuses[run.status],
    owner: run.owner ?? "",
    summary: run.summary ? JSON.stringify(run.summary) : "",
    ...(run.error ? { error: create(ErrorInfoSchema, { slug: "job.failed", message: run.error }) } : {}),
    manual: run.cause === "request",
    requestedBy: run.requestedBy ?? "",
  });

export const makeJobHandlers = (database: Database, clock: Clock): ServiceImpl<typeof JobService> => {
  const history = createJobHistory(database);
  return {
    listJobs: async () => ({
      jobs: (await history.listJobs(clock.now())).map((job) =>
        create(JobSchema, {
          job: job.name,
          schedule: job.schedule,
          timeoutMs: BigInt(job.timeoutMs),
          ...(job.nextSlot ? { nextAt: timestampFromDate(job.nextSlot) } : {}),
          ...(job.lastRun ? { lastRun: toProto(job.lastRun) } : {}),
        }),
      ),
    }),
    listRuns: async ({ job, page, status }) => {
      const { limit, cursor } = readPage(page);
      const named = statusNamed(status);
      const found = await history.listRuns({
        job,
        ...(named ? { status: named } : {}),
        ...(limit ? { limit } : {}),
        ...(cursor ? { cursor } : {}),
      });
      return { runs: found.items.map(toProto), page: writePage(found) };
    },
    runNow: async ({ job }, context) => ({
      run: toProto(await history.requestRun(job, callOf(context).principal.subject)),
    }),
  };
};
