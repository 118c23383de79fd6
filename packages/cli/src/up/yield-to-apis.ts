import { execFile } from "node:child_process";
import { readlinkSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { basename } from "node:path";
import { WORKERS_NICE } from "../platform-plan.ts";

/** A start does not wait longer for a program that takes a millisecond. */
const CHRT_TIMEOUT_MS = 2_000;

/**
 * The calling thread takes what processor time others of this process leave: an API that has something to do takes its core at once (Linux's SCHED_IDLE, by
 * `chrt`, for Node has no call for it), and not at the end of its turn, some milliseconds later and some thirty times for a checkout. Linux only: elsewhere
 * priorities are of whole processes. Where there is no `chrt` it is nicer than others, and no more.
 * @returns how far it yields, for the log: "idle" takes what is left, "nice" a smaller share, "equal" as much as anybody
 */
export const yieldToApis = async (): Promise<"idle" | "nice" | "equal"> => {
  if (process.platform !== "linux") return "equal";
  // Linux counts by thread, and 0 is the caller's own. Who was started nicer stays so.
  setPriority(0, Math.max(getPriority(0), WORKERS_NICE));
  const threadId = basename(readlinkSync("/proc/thread-self"));
  return new Promise((resolve) => {
    const settle = (error: unknown) => resolve(error ? "nice" : "idle");
    execFile("chrt", ["--idle", "--pid", "0", threadId], { timeout: CHRT_TIMEOUT_MS }, settle);
  });
};
