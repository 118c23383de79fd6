import { randomUUID } from "node:crypto";
import { AppError } from "@tandem/kernel";
import { createTestDatabase, pollUntil, type TestDatabase } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { callOf, createPostgresIdempotencyStore, type PostgresIdempotencyStore, rpcMigrations } from "../src/index.ts";
import { type Answer, type EchoHandlers, type Harness, startHarness } from "./harness.ts";

let postgres: TestDatabase;
let store: PostgresIdempotencyStore;
beforeAll(async () => {
  postgres = await createTestDatabase({ sets: [rpcMigrations] });
  store = createPostgresIdempotencyStore(postgres.database);
});
afterAll(() => postgres.dispose());

let harness: Harness;
afterEach(() => harness?.[Symbol.asyncDispose]());

let executions = 0;
const start = async (handlers: EchoHandlers = {}): Promise<void> => {
  executions = 0;
  const counting: EchoHandlers = {
    createThing: async ({ name }) => {
      executions += 1;
      return { id: `id-${executions}`, name };
    },
  };
  harness = await startHarness({ ...counting, ...handlers }, { idempotency: store });
};
const create = async (key: string | undefined, body = '{"name":"a"}', token?: string | null): Promise<Answer> =>
  harness.http("/things", {
    method: "POST",
    body,
    headers: key === undefined ? {} : { "idempotency-key": key },
    ...(token === undefined ? {} : { token }),
  });

describe("a call with an Idempotency-Key", () => {
  it("runs once; the same request again gets the same response, marked as replayed", async () => {
    await start();
    const key = randomUUID();
    const [first, second] = [await create(key), await create(key)];
    expect([first.status, first.json.data, first.headers.get("idempotency-replayed")]).toEqual([
      200,
      { id: "id-1", name: "a" },
      null,
    ]);
    expect([second.status, second.json.data, second.headers.get("idempotency-replayed")]).toEqual([
      200,
      { id: "id-1", name: "a" },
      "true",
    ]);
    expect(executions).toBe(1);
  });

  it("is the same over every protocol", async () => {
    await start();
    const key = randomUUID();
    await create(key);
    const again = await harness.http("/tandem.rpctest.v1.EchoService/CreateThing", {
      method: "POST",
      body: '{"name":"a"}',
      headers: { "idempotency-key": key },
    });
    expect([
      again.json,
      again.headers.get("idempotency-replayed"),
      again.headers.get("content-type"),
      executions,
    ]).toEqual([{ id: "id-1", name: "a" }, "true", "application/json", 1]);
  });

  it("twenty at once execute once: one answers, the others replay or are told to wait, and all end with one response", async () => {
    const go = Promise.withResolvers<void>();
    await start({
      createThing: async ({ name }) => {
        executions += 1;
        await go.promise;
        return { id: `id-${executions}`, name };
      },
    });
    const key = randomUUID();
    const calls = Array.from({ length: 20 }, () => create(key));
    await pollUntil(() => executions === 1);
    const early = await Promise.race(calls);
    expect([early.status, early.json.error, early.json.retryable]).toEqual([409, "idempotency.in_progress", true]);
    go.resolve();
    const answers = await Promise.all(calls);
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(1);
    for (const { status, json } of answers) {
      if (status === 200) expect(json.data.id).toBe("id-1");
      else expect(json.error).toBe("idempotency.in_progress");
    }
    expect((await create(key)).json.data.id).toBe("id-1");
    expect(executions).toBe(1);
  });

  it("refuses the key for another request, for good", async () => {
    await start();
    const key = randomUUID();
    await create(key);
    const other = await create(key, '{"name":"b"}');
    expect([other.status, other.json.error, other.json.retryable]).toEqual([409, "idempotency.key_reused", false]);
    expect(executions).toBe(1);
  });

  it("keeps the keys of different callers and methods apart", async () => {
    await start();
    const key = randomUUID();
    const [ada, bob] = [await harness.token({ subject: "ada" }), await harness.token({ subject: "bob" })];
    expect((await create(key, undefined, ada)).json.data.id).toBe("id-1");
    expect((await create(key, undefined, bob)).json.data.id).toBe("id-2");
    const replaced = await harness.http("/things/x", {
      method: "PUT",
      body: '{"name":"a"}',
      token: ada,
      headers: { "idempotency-key": key },
    });
    expect(replaced.json.data).toEqual({ id: "x" });
  });

  it("forgets a failed execution, so that a repeat executes", async () => {
    let failed = false;
    await start({
      createThing: ({ name }) => {
        if (failed) return { id: "second", name };
        failed = true;
        throw new AppError("unavailable", "test.down", "down");
      },
    });
    const key = randomUUID();
    expect((await create(key)).status).toBe(503);
    expect((await create(key)).json.data.id).toBe("second");
  });

  it("stays taken while a timed-out execution still runs, and replays its late response", async () => {
    const go = Promise.withResolvers<void>();
    await start({
      createThing: async ({ name }) => {
        executions += 1;
        await go.promise;
        return { id: "late", name };
      },
    });
    const key = randomUUID();
    const body = '{"name":"a"}';
    const headers = { "idempotency-key": key, "request-timeout": "2" };
    const timedOut = harness.http("/things", { method: "POST", body, headers });
    await pollUntil(() => executions === 1);
    expect((await timedOut).status).toBe(504);
    expect((await create(key)).json.error).toBe("idempotency.in_progress");
    go.resolve();
    await pollUntil(async () => (await create(key)).json.data?.id === "late");
    expect(executions).toBe(1);
  });

  it("whose deadline passes before it has the key gives the key back", async () => {
    await start();
    const late = createLateStore();
    await using other = await startHarness(
      { createThing: ({ name }) => ({ id: "never", name }) },
      { idempotency: late },
    );
    const key = randomUUID();
    const token = await other.token();
    const body = '{"name":"a"}';
    const headers = { "idempotency-key": key, "request-timeout": "1" };
    expect((await other.http("/things", { method: "POST", body, token, headers })).status).toBe(504);
    await pollUntil(() => late.abandoned.length === 1);
    expect((await create(key)).json.data.id).toBe("id-1");
  });

  it("does not count as used when the request is invalid", async () => {
    await start();
    const key = randomUUID();
    expect((await create(key, '{"name":""}')).status).toBe(400);
    expect((await create(key)).json.data.id).toBe("id-1");
  });

  it.each(["", " ", "a b", "ä", "a/b", "x".repeat(256)])("refuses the key %j", async (key) => {
    await start();
    const answer = await create(Buffer.from(key, "utf8").toString("latin1"));
    expect([answer.status, answer.json.error, executions]).toEqual([400, "idempotency.key_invalid", 0]);
  });

  it("is not executed when the store cannot be asked, and not failed when its response cannot be kept", async () => {
    const down = async (): Promise<never> => {
      throw new AppError("unavailable", "postgres.unavailable", "down");
    };
    await start();
    await using deaf = await startHarness(
      { createThing: () => ({ id: "no", name: "" }) },
      { idempotency: { ...store, begin: down } },
    );
    const call = { method: "POST", body: '{"name":"a"}', headers: { "idempotency-key": randomUUID() } };
    expect((await deaf.http("/things", call)).json.error).toBe("postgres.unavailable");
    await using forgetful = await startHarness(
      { createThing: ({ name }) => ({ id: "done", name }) },
      { idempotency: { ...store, complete: down } },
    );
    expect((await forgetful.http("/things", call)).json.data.id).toBe("done");
    expect(forgetful.log.lines.some(({ msg }) => String(msg).includes("could not be kept"))).toBe(true);
  });

  it("is not for anonymous callers, whose keys would meet", async () => {
    await start();
    const answer = await harness.http("/tandem.rpctest.v1.EchoService/Unimplemented", {
      method: "POST",
      body: "{}",
      token: null,
      headers: { "idempotency-key": "k" },
    });
    expect(answer.json.code).toBe("unimplemented");
    expect((await create("k", undefined, null)).status).toBe(401);
  });

  it("is passed over by reads, and without a key nothing is kept", async () => {
    let reads = 0;
    await start({
      getThing: ({ id }) => {
        reads += 1;
        return { id: `${id}-${reads}` };
      },
    });
    const read = () => harness.http("/things/a", { headers: { "idempotency-key": "k" } });
    expect([(await read()).json.data.id, (await read()).json.data.id]).toEqual(["a-1", "a-2"]);
    await create(undefined);
    await create(undefined);
    expect(executions).toBe(2);
  });

  it("reaches the handler, for a unique constraint of its own", async () => {
    let seen: string | undefined;
    await start({
      createThing: ({ name }, context) => {
        seen = callOf(context).idempotencyKey;
        return { id: "1", name };
      },
    });
    await create("key-1");
    expect(seen).toBe("key-1");
  });
});

/** The same store, whose answers come after the deadline of a second. */
const createLateStore = () => {
  const abandoned: string[] = [];
  return {
    ...store,
    abandoned,
    begin: async (...args: Parameters<typeof store.begin>) => {
      const outcome = await store.begin(...args);
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      return outcome;
    },
    abandon: async (...args: Parameters<typeof store.abandon>) => {
      await store.abandon(...args);
      abandoned.push(args[1]);
    },
  };
};

describe("the Postgres store", () => {
  const id = () => ({ principal: "p", method: "m", key: randomUUID() });
  const hash = Buffer.alloc(32, 1);
  const begun = async (key: ReturnType<typeof id>, leaseMs = 60_000) => {
    const outcome = await store.begin(key, hash, leaseMs);
    if (outcome.kind !== "new") throw new Error(`expected new, got ${outcome.kind}`);
    return outcome.token;
  };

  it("lets another take over when the lease of a dead execution has run out; the dead one's token writes nothing", async () => {
    const key = id();
    const dead = await begun(key, 1);
    const heir = await pollUntil(async () => {
      const outcome = await store.begin(key, hash, 60_000);
      return outcome.kind === "new" ? outcome.token : undefined;
    });
    expect(await store.complete(key, dead, Buffer.from("dead"))).toBe(false);
    await store.abandon(key, dead);
    expect((await store.begin(key, hash, 1)).kind).toBe("in_progress");
    expect(await store.complete(key, heir, Buffer.from("heir"))).toBe(true);
    expect(await store.begin(key, hash, 1)).toEqual({ kind: "replay", response: Buffer.from("heir") });
  });

  it("does not hand a dead execution's key to another request", async () => {
    const key = id();
    await begun(key, 1);
    const leaseOver = "SELECT 1 FROM tandem.idempotency_key WHERE key = $1 AND locked_until < clock_timestamp()";
    await pollUntil(async () => (await postgres.database.query(leaseOver, [key.key])).rowCount === 1);
    expect((await store.begin(key, Buffer.alloc(32, 2), 60_000)).kind).toBe("mismatch");
    expect((await store.begin(key, hash, 60_000)).kind).toBe("new");
  });

  it("gives a contested key to exactly one of many", async () => {
    const key = id();
    const outcomes = await Promise.all(Array.from({ length: 40 }, () => store.begin(key, hash, 60_000)));
    expect(outcomes.filter(({ kind }) => kind === "new")).toHaveLength(1);
    expect(outcomes.filter(({ kind }) => kind === "in_progress")).toHaveLength(39);
  });

  it("keeps an empty response as a response", async () => {
    const key = id();
    await store.complete(key, await begun(key), new Uint8Array());
    expect((await store.begin(key, hash, 1)).kind).toBe("replay");
  });

  it("forgets after the retention, and sweeps what is over", async () => {
    const short = createPostgresIdempotencyStore(postgres.database, { retentionMs: 1 });
    const key = id();
    const outcome = await short.begin(key, hash, 60_000);
    if (outcome.kind === "new") await short.complete(key, outcome.token, Buffer.from("x"));
    const rest = id();
    await short.begin(rest, hash, 60_000);
    await pollUntil(async () => (await store.begin(key, Buffer.alloc(32, 9), 60_000)).kind === "new");
    expect(await pollUntil(() => short.sweep())).toBeGreaterThanOrEqual(1);
    expect((await store.begin(rest, Buffer.alloc(32, 9), 60_000)).kind).toBe("new");
  });

  it("needs a positive retention", () => {
    expect(() => createPostgresIdempotencyStore(postgres.database, { retentionMs: 0 })).toThrow(RangeError);
  });
});

describe("a database that is away for a moment", () => {
  const away = () => {
    let down = true;
    return {
      back: () => {
        down = false;
      },
      query: ((...args: Parameters<typeof postgres.database.query>) =>
        down ? Promise.reject(new Error("away")) : postgres.database.query(...args)) as typeof postgres.database.query,
    };
  };
  const id = () => ({ principal: "p", method: "m", key: randomUUID() });
  const hash = new Uint8Array([1]);

  it("hears of a failed execution when it is back: the key is free long before its lease ends", async () => {
    const key = id();
    const begun = await store.begin(key, hash, 60_000);
    const database = away();
    const flaky = createPostgresIdempotencyStore(database);
    await expect(flaky.abandon(key, begun.kind === "new" ? begun.token : "")).rejects.toThrow("away");
    expect((await store.begin(key, hash, 60_000)).kind).toBe("in_progress");
    database.back();
    await pollUntil(async () => (await store.begin(key, hash, 60_000)).kind === "new");
  });

  it("hears of a response when it is back: the repeat gets it and executes nothing", async () => {
    const key = id();
    const begun = await store.begin(key, hash, 60_000);
    const database = away();
    const flaky = createPostgresIdempotencyStore(database);
    const told = flaky.complete(key, begun.kind === "new" ? begun.token : "", Buffer.from("done"));
    await expect(told).rejects.toThrow("away");
    database.back();
    await pollUntil(async () => (await store.begin(key, hash, 60_000)).kind === "replay");
  });
});
