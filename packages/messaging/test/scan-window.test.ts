import { describe, expect, it } from "vitest";
import { createScanWindow } from "../src/scan-window.ts";

const at = () => {
  const clock = { ms: 0 };
  return { clock, window: createScanWindow({ lagMs: 10_000, now: () => clock.ms }) };
};

describe("the window of a claim", () => {
  it("begins at the start of the queue, then at what was its head one to two lags ago", () => {
    const { clock, window } = at();
    expect(window.next().floor).toBe("0");
    window.looked("100", false);
    for (const [ms, head] of [
      [10_001, "200"],
      [15_000, "300"],
      [20_002, "400"],
    ] as const) {
      clock.ms = ms;
      window.next();
      window.looked(head, false);
    }
    clock.ms = 20_100;
    expect(window.next().floor).toBe("199");
  });

  it("goes back at once when something older is found", () => {
    const { clock, window } = at();
    for (const [ms, head] of [
      [0, "100"],
      [10_001, "200"],
      [20_002, "300"],
    ] as const) {
      clock.ms = ms;
      window.next();
      window.looked(head, false);
    }
    clock.ms = 21_100;
    expect(window.next().floor).toBe("0");
    window.looked("42", false);
    clock.ms = 21_200;
    expect(window.next().floor).toBe("41");
  });

  it("is the whole queue now and then, for a tenth of the time at most, and all its rows only when some were cut off", () => {
    const { clock, window } = at();
    window.next();
    window.looked("1", true);
    clock.ms = 999;
    expect(window.next().rows).toBe(16_000);
    clock.ms = 1_000;
    expect(window.next().rows).toBeGreaterThan(1e9);
    clock.ms = 1_400;
    window.looked("1", false);
    clock.ms = 5_399;
    expect(window.next()).toEqual({ floor: "0", rows: 16_000 });
    window.looked("1", true);
    clock.ms = 5_401;
    expect(window.next().rows).toBeGreaterThan(1e9);
  });

  it("does not learn from a claim that another relay kept from looking", () => {
    const { clock, window } = at();
    clock.ms = 1_000;
    window.next();
    window.looked(undefined, false);
    clock.ms = 1_001;
    expect(window.next().floor).toBe("0");
  });
});
