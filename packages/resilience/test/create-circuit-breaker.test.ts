import { AppError } from "@tandem/kernel";
import { createCircuitBreaker } from "@tandem/resilience";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const down = async () => Promise.reject(new AppError("unavailable", "pricing.down", "down"));
const wrong = async () => Promise.reject(new AppError("invalid_argument", "pricing.bad", "bad"));
const make = () => {
  const states: string[] = [];
  const calls: string[] = [];
  const circuit = createCircuitBreaker({
    name: "pricing",
    consecutiveFailures: 3,
    halfOpenAfterMs: 1_000,
    onStateChange: (state) => states.push(state),
    onCall: (outcome) => calls.push(outcome),
  });
  const fail = async (times: number, work: () => Promise<never> = down) => {
    for (let n = 0; n < times; n++) await circuit.run(work).catch(() => {});
  };
  return { circuit, states, calls, fail };
};

test("opens after the failures in a row and then refuses without calling", async () => {
  const { circuit, states, calls, fail } = make();
  await fail(3);
  const work = vi.fn(async () => "x");
  await expect(circuit.run(work)).rejects.toMatchObject({ kind: "unavailable", code: "circuit.open", retryable: true });
  expect(work).not.toHaveBeenCalled();
  expect(circuit.state).toBe("open");
  expect(states).toEqual(["open"]);
  expect(calls).toEqual(["failed", "failed", "failed", "refused"]);
});

test("a success in between starts the count again", async () => {
  const { circuit, fail } = make();
  await fail(2);
  expect(await circuit.run(async () => "x")).toBe("x");
  await fail(2);
  expect(circuit.state).toBe("closed");
});

test("errors that say nothing about the other side's health do not open it", async () => {
  const { circuit, calls, fail } = make();
  await fail(10, wrong);
  await fail(10, async () => Promise.reject(new DOMException("gone", "AbortError")));
  await fail(10, async () => Promise.reject(new AppError("conflict", "x.version", "again")));
  expect(circuit.state).toBe("closed");
  expect(new Set(calls)).toEqual(new Set(["succeeded"]));
});

test("an error nobody classified counts as an outage", async () => {
  const { circuit, fail } = make();
  await fail(3, async () => Promise.reject(new Error("ECONNRESET")));
  expect(circuit.state).toBe("open");
});

test("after the pause one call tries: success closes it, failure opens it for longer", async () => {
  const { circuit, states, fail } = make();
  await fail(3);
  await vi.advanceTimersByTimeAsync(60_000);
  await fail(1);
  expect(circuit.state).toBe("open");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await circuit.run(async () => "back")).toBe("back");
  expect(circuit.state).toBe("closed");
  expect(states).toEqual(["open", "half_open", "open", "half_open", "closed"]);
});

test("by failure rate, when asked", async () => {
  const circuit = createCircuitBreaker({
    name: "pricing",
    failureRate: { share: 0.5, windowMs: 1_000, minimumRps: 1 },
  });
  for (let n = 0; n < 40; n++) {
    await vi.advanceTimersByTimeAsync(50);
    await circuit.run(n % 3 === 0 ? async () => "x" : down).catch(() => {});
  }
  expect(circuit.state).toBe("open");
});
