import type { Metrics } from "@tandem/runtime";
import type { FinalStatus } from "./run-store.ts";

const runBucketsS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 30, 60, 300, 900, 3_600];

const finalStatuses: readonly FinalStatus[] = ["succeeded", "failed", "timed_out", "abandoned"];

// The label is not called `job`: that one every scraper sets itself, and would push ours aside.
export const makeJobMetrics = (metrics: Metrics | undefined, jobs: readonly string[]) => {
  const runs = metrics?.counter({
    name: "tandem_job_runs_total",
    help: "Finished runs",
    labels: ["cron_job", "status"],
  });
  const duration = metrics?.histogram({
    name: "tandem_job_duration_seconds",
    help: "Duration of a run",
    labels: ["cron_job"],
    buckets: runBucketsS,
  });
  const running = metrics?.gauge({ name: "tandem_job_running", help: "Runs in this process", labels: ["cron_job"] });
  const lastSuccess = metrics?.gauge({
    name: "tandem_job_last_success_timestamp_seconds",
    help: "When the job last succeeded, in any process that this one knows of",
    labels: ["cron_job"],
  });
  const missed = metrics?.counter({
    name: "tandem_job_missed_total",
    help: "Slots nobody came for",
    labels: ["cron_job"],
  });
  // A worker that was away counts what it missed before anybody can scrape it: no rate() sees that, a time does.
  const lastMissed = metrics?.gauge({
    name: "tandem_job_last_missed_timestamp_seconds",
    help: "When it was last noticed that a slot had been missed, by any process; 0 when none was",
    labels: ["cron_job"],
  });
  const fenced = metrics?.counter({
    name: "tandem_job_fenced_total",
    help: "Runs that had lost their lease when they wanted to record their end",
    labels: ["cron_job"],
  });
  // A counter that begins with its first increment has not increased, says increase(): all begin at 0.
  for (const job of jobs) {
    for (const status of finalStatuses) runs?.inc({ cron_job: job, status }, 0);
    missed?.inc({ cron_job: job }, 0);
    fenced?.inc({ cron_job: job }, 0);
    running?.set({ cron_job: job }, 0);
    lastMissed?.set({ cron_job: job }, 0);
  }
  return {
    began: (job: string) => {
      running?.inc({ cron_job: job });
    },
    ended: (job: string, status: FinalStatus | undefined, seconds: number) => {
      running?.dec({ cron_job: job });
      duration?.observe({ cron_job: job }, seconds);
      if (status === undefined) fenced?.inc({ cron_job: job });
      else runs?.inc({ cron_job: job, status });
    },
    abandoned: (job: string) => {
      runs?.inc({ cron_job: job, status: "abandoned" });
    },
    succeededAt: (job: string, at: Date) => {
      lastSuccess?.set({ cron_job: job }, at.getTime() / 1_000);
    },
    missed: (job: string, slots: number, at: Date) => {
      if (slots === 0) return;
      missed?.inc({ cron_job: job }, slots);
      lastMissed?.set({ cron_job: job }, at.getTime() / 1_000);
    },
    missedAt: (job: string, at: Date) => {
      lastMissed?.set({ cron_job: job }, at.getTime() / 1_000);
    },
  };
};
