import { pollUntil } from "@tandem/testkit";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeFixture, makeGate, slot } from "./runner-fixture.ts";

const fixture = await makeFixture();
const { clock, history, makeRunner, outcome, runs, stopRunners } = fixture;
beforeEach(() => fixture.nextJob());
afterEach(stopRunners);
afterAll(() => fixture[Symbol.asyncDispose]());

describe("one slot, one run", () => {
  test("twenty triggers over three replicas make one run", async () => {
    const gate = makeGate();
    const three = await Promise.all([makeRunner(gate), makeRunner(gate), makeRunner(gate)]);
    clock.set(slot(5));
    const firedAt = new Date(slot(5).getTime() + 120);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => three[n % 3]?.trigger(fixture.name, firedAt)),
    );
    expect(answers.filter((answer) => answer?.first)).toHaveLength(1);
    expect(answers.every((answer) => answer?.slot?.getTime() === slot(5).getTime())).toBe(true);
    gate.open();
    await Promise.all(three.map((runner) => runner.idle()));
    await Promise.all(three.map((runner) => runner.trigger(fixture.name, firedAt))); // and again afterwards
    expect(gate.began).toHaveLength(1);
    expect(await runs()).toMatchObject([
      { scheduledAt: slot(5), status: "succeeded", cause: "schedule", summary: { done: 1 }, attempt: 1 },
    ]);
  });

  test("a slot that comes while a run is going waits for its end, and the token grows", async () => {
    const gate = makeGate();
    const [one, two] = [await makeRunner(gate), await makeRunner(gate)];
    await one.trigger(fixture.name, slot(1));
    await two.trigger(fixture.name, slot(2));
    expect(await outcome()).toEqual([
      [1, "running", 1],
      [2, "due", 1],
    ]);
    gate.open();
    await pollUntil(() => gate.began.length === 2);
    gate.open();
    await Promise.all([one.idle(), two.idle()]);
    expect(await outcome()).toEqual([
      [1, "succeeded", 1],
      [2, "succeeded", 1],
    ]);
    const [first, second] = gate.began;
    expect(second?.token).toBeGreaterThan(first?.token ?? 0n);
  });

  test("replicas that look for work at once do not run it twice", async () => {
    const gate = makeGate();
    const three = await Promise.all([makeRunner(gate), makeRunner(gate), makeRunner(gate)]);
    for (let n = 0; n < 10; n++) await history.requestRun(fixture.name, "ada");
    const stop = pollUntil(async () => {
      gate.open();
      await Promise.all(three.map((runner) => runner.sweep()));
      return (await runs()).every(({ status }) => status === "succeeded");
    });
    await stop;
    expect(gate.began).toHaveLength(10);
    expect(new Set(gate.began.map(({ token }) => token)).size).toBe(10);
  });

  test("an unknown job is refused", async () => {
    const runner = await makeRunner({});
    await expect(runner.trigger("test.nobody", slot(1))).rejects.toMatchObject({ code: "job.not_found" });
  });

  test("the bindings are named for Dapr and trigger their job", async () => {
    const runner = await makeRunner({});
    await runner.bindings[`cron-${fixture.name.replace(".", "-")}`]?.(slot(3));
    await runner.idle();
    expect(await outcome()).toEqual([[3, "succeeded", 1]]);
  });
});
