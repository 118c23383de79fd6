import { AppError } from "@tandem/kernel";
import { retry } from "@tandem/resilience";
import { expect, test } from "vitest";

const transient = new AppError("unavailable", "x.down", "down");
const permanent = new AppError("invalid_argument", "x.bad", "bad");
const failing = (times: number, error: unknown) => {
  let calls = 0;
  return { work: async () => (++calls <= times ? Promise.reject(error) : calls), calls: () => calls };
};

test("repeats what may pass next time, and hands over its result", async () => {
  const { work } = failing(2, transient);
  expect(await retry(work, { baseDelayMs: 1 })).toBe(3);
});

test.each([
  ["permanent", permanent],
  ["unknown, which may have had effects", new Error("boom")],
])("an error that is %s is thrown at once", async (_, error) => {
  const { work, calls } = failing(9, error);
  await expect(retry(work)).rejects.toBe(error);
  expect(calls()).toBe(1);
});

test("throws the last error once attempts are used up", async () => {
  const { work, calls } = failing(9, transient);
  await expect(retry(work, { attempts: 3, baseDelayMs: 1 })).rejects.toBe(transient);
  expect(calls()).toBe(3);
});

test("pauses lie anywhere below a bound that doubles up to its limit", async () => {
  const delays: number[] = [];
  const { work } = failing(5, transient);
  await retry(work, {
    attempts: 6,
    baseDelayMs: 4,
    maxDelayMs: 20,
    random: () => 0.999,
    onRetry: (_, __, delayMs) => delays.push(delayMs),
  });
  expect(delays).toEqual([3, 7, 15, 19, 19]);
  const none: number[] = [];
  await retry(failing(2, transient).work, { random: () => 0, onRetry: (_, __, delayMs) => none.push(delayMs) });
  expect(none).toEqual([0, 0]);
});

test("begins no pause that would outlast the deadline", async () => {
  const { work, calls } = failing(9, transient);
  const deadline = new Date(Date.now() + 1_000);
  await expect(
    retry(work, { attempts: 9, baseDelayMs: 60_000, maxDelayMs: 60_000, random: () => 0.9, deadline }),
  ).rejects.toBe(transient);
  expect(calls()).toBe(1);
});

test("an abort ends the pause", async () => {
  const caller = new AbortController();
  const retrying = retry(failing(9, transient).work, {
    baseDelayMs: 60_000,
    maxDelayMs: 60_000,
    random: () => 0.9,
    signal: caller.signal,
    onRetry: () => queueMicrotask(() => caller.abort(new Error("left"))),
  });
  await expect(retrying).rejects.toThrow("left");
});
