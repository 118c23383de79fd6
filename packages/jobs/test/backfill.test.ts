import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeFixture, slot } from "./runner-fixture.ts";

const fixture = await makeFixture();
const { history, makeRunner, runs, stopRunners } = fixture;
beforeEach(() => fixture.nextJob());
afterEach(stopRunners);
afterAll(() => fixture[Symbol.asyncDispose]());

const ask = (from: number, to: number, over: object = {}) =>
  history.requestBackfill({
    job: fixture.name,
    from: slot(from),
    to: slot(to),
    requestedBy: "ada",
    now: slot(30),
    ...over,
  });
const minutes = (found: readonly { readonly scheduledAt: Date }[]) =>
  found.map((run) => run.scheduledAt.getUTCMinutes());

describe("a backfill", () => {
  test("runs the past slots that have not succeeded, one after the other under the job's lock", async () => {
    const runner = await makeRunner({});
    await runner.trigger(fixture.name, slot(3));
    await runner.idle();
    const queued = await ask(1, 5);
    expect(minutes(queued)).toEqual([1, 2, 4, 5]);
    expect(queued[0]).toMatchObject({ status: "due", cause: "request", requestedBy: "ada" });
    expect(minutes(await ask(1, 5))).toEqual([]); // they wait already
    await runner.sweep();
    await runner.idle();
    const done = (await runs()).filter(({ status }) => status === "succeeded");
    expect(done).toHaveLength(5);
    expect(minutes(await ask(1, 5))).toEqual([]);
    expect(minutes(await ask(2, 3, { again: true }))).toEqual([2, 3]);
  });

  test("is refused whole when it is too long, in the future, backwards, or of nobody's", async () => {
    await makeRunner({});
    const invalid = { code: "request.invalid", kind: "invalid_argument" };
    await expect(ask(1, 5, { maxSlots: 4 })).rejects.toMatchObject(invalid);
    await expect(ask(5, 1)).rejects.toMatchObject(invalid);
    await expect(ask(1, 31)).rejects.toMatchObject(invalid);
    await expect(ask(1, 5, { job: "test.nobody" })).rejects.toMatchObject({ code: "job.not_found" });
    expect(minutes(await ask(1, 5, { maxSlots: 5 }))).toEqual([1, 2, 3, 4, 5]);
  });
});
