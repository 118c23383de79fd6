import { execFile } from "node:child_process";
import { readlinkSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { basename } from "node:path";
import { WORKERS_NICE } from "../platform-plan.ts";

/**
 * The calling thread takes what processor time others of this process leave: an API that has something to do takes its core at once (Linux's SCHED_IDLE, by
 * `chrt`, for Node has no call for it), and not at the end of its turn, some milliseconds later and some thirty times for a checkout. Linux only: elsewhere
 * priorities are of whole processes. Where there is no `chrt` it is nicer than others, and no more.
 * @returns once it is done
 */
export const yieldToApis = async (): Promise<void> => {
  if (process.platform !== "linux") return;
  // Linux counts by thread, and 0 is the caller's own. Who was started nicer stays so.
  setPriority(0, Math.max(getPriority(0), WORKERS_NICE));
  const threadId = basename(readlinkSync("/proc/thread-self"));
  await new Promise<void>((resolve) => {
    execFile("chrt", ["--idle", "--pid", "0", threadId], () => resolve());
  });
};
