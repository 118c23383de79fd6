import type { Span, Tracer } from "@opentelemetry/api";
import { AppError, isAppError, newId } from "@tandem/kernel";
import { keepLease, retry } from "@tandem/resilience";
import { failSpan, inSpan, type Logger, runInContext } from "@tandem/runtime";
import type { CronJob } from "./define-cron-job.ts";
import type { ClaimedRun, RunResult, RunStore } from "./run-store.ts";

export interface ExecuteDeps {
  readonly store: RunStore;
  readonly log: Logger;
  readonly tracer: Tracer | undefined;
  /** How long a job may go on after its signal aborted, before it is given up. */
  readonly abortGraceMs: number;
}

const maxErrorLength = 2_000;
const describe = (error: unknown): string => {
  const text = isAppError(error)
    ? `${error.code}: ${error.message}`
    : error instanceof Error
      ? `${error.name}: ${error.message}`
      : String(error);
  return text.slice(0, maxErrorLength);
};

/** Rejects once `signal` has been aborted for `graceMs`. */
const givenUp = (signal: AbortSignal, graceMs: number): { readonly promise: Promise<never>; stop(): void } => {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    timer = setTimeout(
      () => reject(new AppError("deadline_exceeded", "job.ignored_signal", "The job did not stop when told to")),
      graceMs,
    );
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  return {
    promise,
    stop() {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    },
  };
};

const markSpan = async (span: Span, work: () => Promise<RunResult>): Promise<RunResult> => {
  const result = await work();
  span.setAttribute("job.status", result.status);
  if (result.error !== undefined) failSpan(span, new Error(result.error));
  return result;
};

/**
 * Runs a claimed run to its end under its lease and records that end, unless the lease was lost: then somebody else owns
 * the job and this one writes nothing. Never throws; answers what was recorded.
 */
export const executeRun = async (
  { store, log, tracer, abortGraceMs }: ExecuteDeps,
  job: CronJob,
  run: ClaimedRun,
  claimedAtMs: number,
  stopping: AbortSignal,
): Promise<RunResult | undefined> => {
  const { scheduledAt, cause, attempt, token } = run;
  const runLog = log.child({ job: job.name, scheduledAt, attempt, token: token.toString() });
  const lease = keepLease({
    name: job.name,
    leaseMs: job.leaseMs,
    grantedAtMs: claimedAtMs,
    renew: () => store.renew(job.name, token, job.leaseMs),
    onLost: () => runLog.warn("lease lost: the run is stopped"),
  });
  const timeout = new AbortController();
  const timer = setTimeout(
    () => timeout.abort(new AppError("deadline_exceeded", "job.timeout", `Took over ${job.timeoutMs} ms`)),
    job.timeoutMs,
  );
  const signal = AbortSignal.any([timeout.signal, lease.signal, stopping]);
  const limit = givenUp(signal, abortGraceMs);

  const work = async (): Promise<RunResult> => {
    try {
      const context = { scheduledAt, cause, attempt, signal, token, log: runLog };
      const summary = await Promise.race([job.run(context), limit.promise]);
      return { status: "succeeded", summary };
    } catch (error) {
      const note = isAppError(error, "job.ignored_signal") ? "did not stop when told to" : undefined;
      if (timeout.signal.aborted) return { status: "timed_out", error: describe(timeout.signal.reason), note };
      if (stopping.aborted) return { status: "abandoned", error: "the worker was shut down", note };
      runLog.error({ err: error }, "job failed");
      return { status: "failed", error: describe(error) };
    }
  };
  try {
    const traced = () => (tracer ? inSpan(tracer, `job ${job.name}`, {}, (span) => markSpan(span, work)) : work());
    const result = await runInContext({ correlationId: newId() }, traced);
    if (lease.signal.aborted) return undefined;
    const finished = await retry(() => store.finish(job, run, result), { attempts: 5, signal: lease.signal });
    if (!finished) runLog.warn({ status: result.status }, "the end of the run was refused: its lease had run out");
    return finished ? result : undefined;
  } catch (err) {
    // The end could not be written. The lease runs out and the run is found abandoned.
    runLog.error({ err }, "the end of the run could not be recorded");
    return undefined;
  } finally {
    clearTimeout(timer);
    limit.stop();
    lease.stop();
  }
};
