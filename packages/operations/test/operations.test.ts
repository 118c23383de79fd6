import { randomUUID } from "node:crypto";
import { AppError } from "@tandem/kernel";
import {
  createOperationQueue,
  createOperationRunner,
  createOperationsWorker,
  groupCalls,
  type HandedOn,
  type LeasedOperation,
  type OperationQueue,
  type OperationRunnerOptions,
  type RunOutcome,
  watchOperations,
} from "@tandem/operations";
import { createMetrics } from "@tandem/runtime";
import { captureLog, createTestDatabase, manualClock, pollUntil, type TestDatabase } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
  await test.database.query("create table owner (id uuid primary key, colour text not null)");
  await test.database.query(
    `create table operation (id uuid primary key, owner_id uuid not null references owner, kind text not null, status text not null,
       due_at timestamptz not null, attempts integer not null default 0, token bigint not null default 0, uncertain boolean not null default false,
       last_error text, traceparent text, created_at timestamptz not null default now())`,
  );
});
afterAll(() => test.dispose());
beforeEach(async () => {
  await test.database.query("truncate operation, owner");
});

const queueOf = () =>
  createOperationQueue<{ colour: string }>({
    database: test.database,
    owner: { table: "owner", key: "owner_id" },
    columns: "p.colour",
  });

const ask = async (dueInMs = 0, kind = "BOOK") => {
  const [id, ownerId] = [randomUUID(), randomUUID()];
  await test.database.query("insert into owner values ($1, 'red')", [ownerId]);
  await test.database.query(
    "insert into operation (id, owner_id, kind, status, due_at) values ($1, $2, $3, 'OPEN', now() + $4 * interval '1 millisecond')",
    [id, ownerId, kind, dueInMs],
  );
  return { id, ownerId };
};
const rowOf = async (id: string) => {
  const { rows } = await test.database.query(
    "select *, due_at > now() as later, due_at = 'infinity' as parked from operation where id = $1",
    [id],
  );
  return rows[0];
};

describe("the queue", () => {
  it("leases what is due, oldest first, with what its owner knows, and nobody else gets it meanwhile", async () => {
    const [second, first, later] = [await ask(-10), await ask(-100), await ask(60_000)];
    const queue = queueOf();
    const claimed = await queue.claim(10, 5_000);
    expect(new Set(claimed.map(({ id }) => id))).toEqual(new Set([first.id, second.id]));
    expect(claimed.find(({ id }) => id === first.id)).toMatchObject({
      ownerId: first.ownerId,
      kind: "BOOK",
      token: 1n,
      attempt: 1,
      uncertain: false,
      traceparent: undefined,
      colour: "red",
    });
    expect(await queue.claim(10, 5_000)).toEqual([]);
    expect(await rowOf(later.id)).toMatchObject({ attempts: 0 });
  });

  it("gives each to one of many, however many ask at once", async () => {
    for (let n = 0; n < 30; n += 1) await ask();
    const rounds = await Promise.all(Array.from({ length: 10 }, () => queueOf().claim(5, 5_000)));
    const ids = rounds.flat().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(30);
  });

  it("takes a dead one's lease over, uncertain: it may have been sent", async () => {
    const { id } = await ask();
    const queue = queueOf();
    await queue.claim(1, -1);
    expect(await queue.claim(1, 5_000)).toMatchObject([{ id, token: 2n, attempt: 2, uncertain: true }]);
  });

  it("is not moved by a stale token", async () => {
    const { id } = await ask();
    const queue = queueOf();
    const [old] = await queue.claim(1, -1);
    await queue.claim(1, 60_000);
    const before = await rowOf(id);
    await queue.postpone(id, old?.token ?? 0n, 0, false, "late");
    await queue.park(id, old?.token ?? 0n, "late");
    expect(await rowOf(id)).toEqual(before);
  });

  it("puts off with what is known, and parks for ever, still open", async () => {
    const { id } = await ask();
    const queue = queueOf();
    const [held] = await queue.claim(1, 60_000);
    await queue.postpone(id, held?.token ?? 0n, 60_000, true, "x".repeat(900));
    expect(await rowOf(id)).toMatchObject({ later: true, uncertain: true, last_error: "x".repeat(500) });
    await queue.park(id, held?.token ?? 0n, "nobody knows");
    expect(await rowOf(id)).toMatchObject({ parked: true, status: "OPEN", last_error: "nobody knows" });
    expect(await queue.claim(10, 1)).toEqual([]);
  });

  it("takes only names that are names", () => {
    const owner = { table: "owner; drop table owner", key: "owner_id" };
    expect(() => createOperationQueue({ database: test.database, owner })).toThrow(TypeError);
  });
});

const start = new Date("2026-11-21T10:00:00Z");
const held: LeasedOperation = {
  id: "op",
  ownerId: "owner",
  kind: "BOOK",
  createdAt: start,
  token: 1n,
  attempt: 1,
  uncertain: false,
};

const runnerOf = (over: Partial<OperationRunnerOptions<LeasedOperation, string>>) => {
  const rows: unknown[] = [];
  const clock = manualClock(start);
  const run = createOperationRunner<LeasedOperation, string>({
    queue: {
      postpone: async (_, __, delayMs, uncertain) => void rows.push({ delayMs, uncertain }),
      park: async () => void rows.push("parked"),
    },
    clock,
    ask: async () => "good",
    commit: async (_, outcome) => {
      rows.push(outcome);
      return "done";
    },
    callTimeoutMs: 30,
    timedOut: () => new AppError("deadline_exceeded", "test.timeout", "too slow"),
    ...over,
  });
  return { rows, clock, run: (operation = held) => run(operation, new AbortController().signal) };
};

describe("a try", () => {
  const fails = async () => {
    throw new Error("503");
  };

  it("commits the answer, and says what the commit said", async () => {
    const { rows, run } = runnerOf({});
    expect(await run()).toBe("done");
    expect(rows).toEqual(["good"]);
    expect(await runnerOf({ commit: async (): Promise<RunOutcome> => "stale" }).run()).toBe("stale");
  });

  it("without an answer is put off ever longer, as one that may have been done", async () => {
    const { rows, run } = runnerOf({ ask: fails });
    for (const attempt of [1, 2, 3, 30]) expect(await run({ ...held, attempt })).toBe("postponed");
    expect(rows).toEqual([200, 400, 800, 60_000].map((delayMs) => ({ delayMs, uncertain: true })));
  });

  it("that was refused by an open circuit was not made", async () => {
    const ask = async () => {
      throw new AppError("unavailable", "circuit.open", "left alone");
    };
    const { rows, run } = runnerOf({ ask });
    await run();
    await run({ ...held, uncertain: true });
    expect(rows).toMatchObject([{ uncertain: false }, { uncertain: true }]);
  });

  it("ends at the deadline though nobody heeds the signal", async () => {
    const { rows, run } = runnerOf({ ask: () => new Promise(() => {}) });
    expect(await run()).toBe("postponed");
    expect(rows).toEqual([{ delayMs: 200, uncertain: true }]);
  });

  it("that finds the other side still at work is repeated at a steady pace", async () => {
    const { rows, run } = runnerOf({ ask: async () => undefined, pendingDelayMs: 70 });
    await run({ ...held, attempt: 9 });
    expect(rows).toEqual([{ delayMs: 70, uncertain: true }]);
  });

  it("is left to a person when nothing was known for long enough, which may differ by kind", async () => {
    const { rows, clock, run } = runnerOf({ ask: fails, giveUpMs: ({ kind }) => (kind === "TRACK" ? 5_000 : 1_000) });
    clock.advance(2_000);
    expect(await run()).toBe("given_up");
    expect(await run({ ...held, kind: "TRACK" })).toBe("postponed");
    expect(rows[0]).toBe("parked");
  });

  it("that dies before the commit has committed nothing", async () => {
    const { rows, run } = runnerOf({
      beforeCommit: () => {
        throw new Error("kill -9");
      },
    });
    await expect(run()).rejects.toThrow("kill -9");
    expect(rows).toEqual([]);
  });
});

describe("the worker", () => {
  type Run = (operation: LeasedOperation) => Promise<RunOutcome | HandedOn<LeasedOperation>>;
  const workerOf = (run: Run, over = {}) => {
    const { log } = captureLog();
    const metrics = createMetrics({ service: "test" });
    const worker = createOperationsWorker({
      name: "test.operations",
      counter: "tandem_test_operations_total",
      queue: queueOf() as Pick<OperationQueue, "claim">,
      run: (operation) => run(operation),
      log,
      metrics,
      maxPollMs: 50,
      ...over,
    });
    return { worker, metrics };
  };
  const close = async (id: string): Promise<RunOutcome> => {
    await test.database.query("update operation set status = 'SUCCEEDED' where id = $1", [id]);
    return "done";
  };
  const untilClosed = (n: number) =>
    pollUntil(
      async () => {
        const { rows } = await test.database.query<{ n: number }>(
          "select count(*)::int as n from operation where status <> 'OPEN'",
        );
        return rows[0]?.n === n || undefined;
      },
      { timeoutMs: 10_000, message: `${n} closed` },
    );

  it("runs what is due, never more at once than it may, and counts how it ended", async () => {
    for (let n = 0; n < 20; n += 1) await ask();
    let running = 0;
    let most = 0;
    const { worker, metrics } = workerOf(
      async ({ id }) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running -= 1;
        return close(id);
      },
      { concurrency: 3 },
    );
    await worker.start(new AbortController().signal);
    await untilClosed(20);
    await worker.healthCheck();
    await worker.stop();
    expect(most).toBeLessThanOrEqual(3);
    expect(await metrics.text()).toMatch(/tandem_test_operations_total\{[^}]*outcome="done"[^}]*\} 20/);
  });

  it("is woken for what comes due in this process, now or in a moment, without waiting for its next look", async () => {
    const { worker } = workerOf(({ id }) => close(id), { maxPollMs: 60_000 });
    await worker.start(new AbortController().signal);
    await ask();
    worker.wake();
    await untilClosed(1);
    await ask(30);
    worker.wake(31);
    await untilClosed(2);
    await worker.stop();
  });

  it("goes on after a run that threw, and that operation is tried again after its lease", async () => {
    const { id } = await ask();
    let failed = false;
    const { worker, metrics } = workerOf(
      async (operation) => {
        if (!failed) {
          failed = true;
          throw new Error("no database");
        }
        return close(operation.id);
      },
      { leaseMs: 60 },
    );
    await worker.start(new AbortController().signal);
    await untilClosed(1);
    await worker.stop();
    expect(await rowOf(id)).toMatchObject({ attempts: 2, uncertain: true });
    expect(await metrics.text()).toMatch(/outcome="error"[^}]*\} 1/);
  });

  it("goes on with what a run hands on, in the same slot and without a claim, until one fails", async () => {
    await ask();
    const ran: string[] = [];
    const claims: number[] = [];
    const queue = queueOf();
    const { worker, metrics } = workerOf(
      async (operation) => {
        ran.push(operation.kind);
        if (operation.kind === "LABEL") throw new Error("no database");
        await close(operation.id);
        return { outcome: "done", next: { ...operation, kind: operation.kind === "BOOK" ? "STAMP" : "LABEL" } };
      },
      {
        maxPollMs: 60_000,
        queue: {
          claim: (limit: number, leaseMs: number) => {
            claims.push(limit);
            return queue.claim(limit, leaseMs);
          },
        },
      },
    );
    await worker.start(new AbortController().signal);
    await pollUntil(async () => ran.length === 3 || undefined, { timeoutMs: 10_000, message: "three runs" });
    await worker.stop();
    expect(ran).toEqual(["BOOK", "STAMP", "LABEL"]);
    expect(claims).toHaveLength(1);
    const text = await metrics.text();
    expect(text).toMatch(/operations_total\{[^}]*kind="STAMP"[^}]*outcome="done"[^}]*\} 1/);
    expect(text).toMatch(/operations_total\{[^}]*kind="LABEL"[^}]*outcome="error"[^}]*\} 1/);
  });

  it("looks once for all that comes due at about the same time", async () => {
    let claims = 0;
    const { worker } = workerOf(async () => "done", {
      maxPollMs: 60_000,
      queue: {
        claim: async () => {
          claims += 1;
          return [];
        },
      },
    });
    await worker.start(new AbortController().signal);
    for (let n = 0; n < 50; n += 1) worker.wake(30);
    await pollUntil(async () => claims > 1 || undefined, { timeoutMs: 10_000, message: "a look" });
    await new Promise((resolve) => setTimeout(resolve, 60));
    await worker.stop();
    expect(claims).toBeLessThanOrEqual(4);
  });

  it("waits at its stop for what is under way", async () => {
    await ask();
    const begun = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const { worker } = workerOf(async ({ id }) => {
      begun.resolve();
      await finish.promise;
      return close(id);
    });
    await worker.start(new AbortController().signal);
    await begun.promise;
    const stopped = worker.stop();
    finish.resolve();
    await stopped;
    await untilClosed(1);
  });
});

describe("calls of one turn", () => {
  it("are one, and each gets its own answer; later ones are another", async () => {
    const rounds: (readonly number[])[] = [];
    const double = groupCalls(async (items: readonly number[]) => {
      rounds.push(items);
      return items.map((item) => item * 2);
    });
    expect(await Promise.all([double(1), double(2), double(3)])).toEqual([2, 4, 6]);
    expect(await double(4)).toBe(8);
    expect(rounds).toEqual([[1, 2, 3], [4]]);
  });

  it("are tried one by one when they fail together: one does not spoil the others", async () => {
    const half = groupCalls(async (items: readonly number[]) => {
      if (items.some((item) => item % 2 === 1)) throw new Error("odd");
      return items.map((item) => item / 2);
    });
    expect(await Promise.allSettled([half(2), half(3), half(4)])).toMatchObject([
      { value: 1 },
      { reason: new Error("odd") },
      { value: 2 },
    ]);
  });
});

it("tells what is open by state, and how long the oldest waits", async () => {
  const metrics = createMetrics({ service: "test" });
  const stop = watchOperations({ database: test.database, metrics, prefix: "tandem_test" });
  await ask(-90_000);
  await ask(60_000);
  const unknown = await ask(60_000);
  await test.database.query("update operation set uncertain = true where id = $1", [unknown.id]);
  const parked = await ask();
  await test.database.query("update operation set due_at = 'infinity', uncertain = true where id = $1", [parked.id]);
  const text = await metrics.text();
  for (const state of ["PENDING", "WAITING", "UNKNOWN", "PARKED"])
    expect(text).toMatch(new RegExp(`tandem_test_operations_open\\{[^}]*state="${state}"[^}]*\\} 1`));
  const [, seconds] = /tandem_test_operations_oldest_seconds\{[^}]*\} ([\d.]+)/.exec(text) ?? [];
  expect(Number(seconds)).toBeGreaterThanOrEqual(90);
  stop();
});
