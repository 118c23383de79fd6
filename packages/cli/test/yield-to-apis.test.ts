import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { WORKERS_NICE } from "../src/platform-plan.ts";

const linux = process.platform === "linux";
const chrt = linux && spawnSync("chrt", ["--help"]).status === 0;

/** Niceness and policy of a thread: fields 19 and 41 of its stat. */
const scheduling = (thread: string) => {
  const fields = readFileSync(`/proc/self/task/${thread}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return { nice: Number(fields[16]), policy: Number(fields[38]) };
};
const SCHED_IDLE = 5;

/** A thread that yields, and says which one it is. */
const aThreadThatYields = async () => {
  const worker = new Worker(
    `const { parentPort, workerData } = require("node:worker_threads");
     import(workerData).then(({ yieldToApis }) => yieldToApis()).then((priority) => {
       parentPort.postMessage({ priority, thread: require("node:fs").readlinkSync("/proc/thread-self").split("/").at(-1) });
       parentPort.once("message", () => process.exit());
     });`,
    { eval: true, workerData: new URL("../src/up/yield-to-apis.ts", import.meta.url).href, execArgv: [] },
  );
  const said = await new Promise<{ priority: string; thread: string }>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  return { ...said, stop: () => worker.terminate() };
};

describe.skipIf(!linux)("the thread of the workers", () => {
  it("yields, and no other thread of the process", async () => {
    const before = scheduling(String(process.pid));
    const { priority, thread, stop } = await aThreadThatYields();
    try {
      const yielding = scheduling(thread);
      expect(yielding.nice).toBeGreaterThanOrEqual(WORKERS_NICE);
      expect(priority).toBe(chrt ? "idle" : "nice");
      expect(yielding.policy === SCHED_IDLE).toBe(chrt);
      expect(scheduling(String(process.pid))).toEqual(before);
    } finally {
      await stop();
    }
  });
});
