import { captureLog } from "@tandem/testkit";
import { describe, expect, it, vi } from "vitest";
import { readFaultPoint } from "../src/fault-point.ts";

const { log } = captureLog();

describe("TANDEM_FAULT_POINT", () => {
  it("is nothing unless it is set", () => {
    expect(readFaultPoint({}, log)).toBeUndefined();
  });

  it("lets the relay pass so many times and ends the process at the next, at its own point only", () => {
    const send = vi.fn();
    const at = readFaultPoint({ TANDEM_FAULT_POINT: "mid-batch:2" }, log, send);
    for (const name of ["mid-batch", "before-mark", "before-mark", "mid-batch"] as const) at?.(name);
    expect(send).not.toHaveBeenCalled();
    at?.("mid-batch");
    expect(send.mock.calls).toEqual([["SIGKILL"]]);
  });

  it("makes the process stand still when asked for a stop", () => {
    const send = vi.fn();
    readFaultPoint({ TANDEM_FAULT_POINT: "before-mark:0:stop" }, log, send)?.("before-mark");
    expect(send.mock.calls).toEqual([["SIGSTOP"]]);
  });

  it.each([{ KUBERNETES_SERVICE_HOST: "10.0.0.1" }, { NODE_ENV: "production" }])(
    "is not honoured with %o, and the log says so",
    (where) => {
      const { log: captured, lines } = captureLog();
      expect(readFaultPoint({ TANDEM_FAULT_POINT: "before-claim", ...where }, captured)).toBeUndefined();
      expect(lines).toMatchObject([{ wanted: "before-claim" }]);
    },
  );

  it.each(["somewhere", "mid-batch:x", "mid-batch:-1", "mid-batch:1.5", "mid-batch:0:nap"])("refuses %s", (wanted) => {
    expect(() => readFaultPoint({ TANDEM_FAULT_POINT: wanted }, log)).toThrow(TypeError);
  });
});
