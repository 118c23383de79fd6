import { create } from "@bufbuild/protobuf";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { ErrorInfoSchema, JobRunSchema, JobRunStatus, JobSchema, type JobService } from "@tandem/contracts/common";
import { createJobHistory, type JobRun, type RunStatus } from "@tandem/jobs";
import type { Clock } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import { callOf, readPage, writePage } from "@tandem/rpc";
import type { AuditTrail } from "./audit-trail.ts";

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

export const makeJobHandlers = (
  database: Database,
  clock: Clock,
  audit: AuditTrail,
): ServiceImpl<typeof JobService> => {
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
    runNow: async ({ job }, context) => {
      const actor = callOf(context).principal.subject;
      const run = await database.transact(async (tx) => {
        const requested = await createJobHistory(tx.client).requestRun(job, actor);
        await audit(tx, { actor, action: "job.run", targetKind: "job", target: job, details: { runId: requested.id } });
        return requested;
      });
      return { run: toProto(run) };
    },
    backfill: async ({ job, from, to, maxSlots, again }, context) => {
      const actor = callOf(context).principal.subject;
      const range = { from: from ? timestampDate(from) : clock.now(), to: to ? timestampDate(to) : clock.now() };
      const runs = await database.transact(async (tx) => {
        const queued = await createJobHistory(tx.client).requestBackfill({
          job,
          ...range,
          ...(maxSlots ? { maxSlots } : {}),
          again,
          requestedBy: actor,
          now: clock.now(),
        });
        const details = { from: range.from.toISOString(), to: range.to.toISOString(), slots: queued.length };
        if (queued.length > 0)
          await audit(tx, { actor, action: "job.backfill", targetKind: "job", target: job, details });
        return queued;
      });
      return { runs: runs.map(toProto) };
    },
  };
};
