export {
  createJobHistory,
  type JobHistory,
  type JobInfo,
  type JobRun,
  nextSlots,
  type RunQuery,
} from "./create-job-history.ts";
export { createJobRunner, type JobRunner, type JobRunnerOptions } from "./create-job-runner.ts";
export {
  type CronJob,
  type CronJobSpec,
  cronBindingName,
  cronBindingSchedule,
  defineCronJob,
  type JobContext,
  type JobSummary,
  type RunCause,
} from "./define-cron-job.ts";
export { jobsMigrations } from "./migrations.ts";
export type { RunStatus } from "./run-store.ts";
export { parseSchedule, type Schedule } from "./schedule.ts";
