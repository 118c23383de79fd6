import { describe, expect, it } from "vitest";
import { readWorkerMode } from "../src/define-worker.ts";

describe("--mode", () => {
  it.each([
    [["node", "worker.ts"], "all"],
    [["node", "worker.ts", "--mode", "event"], "event"],
    [["node", "worker.ts", "--mode=cron"], "cron"],
    [["node", "worker.ts", "--mode", "all"], "all"],
  ])("%j is %s", (argv, mode) => {
    expect(readWorkerMode(argv)).toBe(mode);
  });

  it.each([[["--mode", "both"]], [["--mode"]], [["--mode="]]])(
    "%j is refused, and the message names the modes",
    (argv) => {
      expect(() => readWorkerMode(argv)).toThrow(/all, event or cron/);
    },
  );
});
