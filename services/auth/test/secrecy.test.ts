import { argon2Sync, createHash } from "node:crypto";
import { captureLog } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createArgon2Passwords } from "../src/crypto/argon2-passwords.ts";
import { createCheckClient } from "../src/crypto/check-client.ts";
import { CLIENT_SECRET, type Harness, startHarness } from "./harness.ts";
import { newEmail, PASSWORD, peopleOf } from "./people.ts";

describe("a password's hash", () => {
  const fast = { memoryKib: 64, passes: 1 };

  it("is argon2id as a PHC string, salted, and verifies what it was made of alone", async () => {
    const passwords = createArgon2Passwords(fast);
    const [one, two] = [await passwords.hash("pässwörd of mine"), await passwords.hash("pässwörd of mine")];
    expect(one).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(one).not.toBe(two);
    expect(await passwords.verify("pässwörd of mine".normalize("NFD"), one)).toEqual({ matches: true, stale: false });
    expect(await passwords.verify("pässwörd of min", one)).toEqual({ matches: false, stale: false });
  });

  it("is what others would compute", async () => {
    const phc = await createArgon2Passwords(fast).hash("interoperable words");
    const [, , , , salt = "", tag = ""] = phc.split("$");
    const same = argon2Sync("argon2id", {
      message: "interoperable words",
      nonce: Buffer.from(salt, "base64"),
      memory: 64,
      passes: 1,
      parallelism: 1,
      tagLength: 32,
    });
    expect(same.toString("base64").replace(/=+$/, "")).toBe(tag);
  });

  it("of other parameters is verified with its own, and called stale", async () => {
    const old = await createArgon2Passwords(fast).hash("words of old");
    const now = createArgon2Passwords({ memoryKib: 128, passes: 2 });
    expect(await now.verify("words of old", old)).toEqual({ matches: true, stale: true });
  });

  it.each([undefined, "", "plain", "$2b$10$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=9999999999,t=1,p=1$aaaa$bbbb"])(
    "that is none (%s) matches nothing, and takes as long",
    async (hash) => {
      const slow = createArgon2Passwords({ memoryKib: 19_456, passes: 2 });
      const timed = async (stored: string | undefined) => {
        const startedMs = performance.now();
        expect((await slow.verify("guess", stored)).matches).toBe(false);
        return performance.now() - startedMs;
      };
      const real = await slow.hash("the real one");
      const best = async (stored: string | undefined) =>
        Math.min(...(await Promise.all([0, 1, 2].map(() => timed(stored)))));
      const [without, withHash] = [await best(hash), await best(real)];
      // Work, not a clock: without a hash the same derivation runs, which takes milliseconds and not microseconds.
      expect(without).toBeGreaterThan(withHash / 10);
    },
  );

  it("is computed a few at a time; a flood is refused", async () => {
    const passwords = createArgon2Passwords({ ...fast, concurrency: 1, maxQueued: 2 });
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => passwords.hash("words of a flood")));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    for (const outcome of outcomes)
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "dispatcher.full" });
  });
});

describe("a service's secret", () => {
  it("may be one of two while it is changed", () => {
    const hashes = ["old", "new"].map((text) => createHash("sha256").update(text).digest("hex"));
    const check = createCheckClient({ order: hashes, idle: [] });
    expect([check("order", "old"), check("order", "new"), check("order", "none")]).toEqual([true, true, false]);
    expect([check("idle", "old"), check("unknown", "old"), check("__proto__", "old")]).toEqual([false, false, false]);
  });
});

describe("what is written about people", () => {
  let auth: Harness;
  let people: ReturnType<typeof peopleOf>;
  const { log, lines } = captureLog("trace");
  beforeAll(async () => {
    auth = await startHarness({ ARGON2_PASSES: "2", ANSWER_FLOOR_MS: "120" }, { log });
    people = peopleOf(auth);
  });
  afterAll(() => auth[Symbol.asyncDispose]());

  it("names no password and no token: not in logs, not in events, not in answers", async () => {
    const wrong = "a wrong password of mine";
    const { email, tokens, userId } = await people.newcomer();
    await people.logIn(email, wrong);
    await people.post("/auth/login", { email, password: "short\u0000" });
    await people.post("/auth/register", { email: "x", password: PASSWORD });
    const { json } = await people.refresh(tokens.refreshToken);
    await people.refresh("a made-up refresh token");
    await people.post("/auth/token", { client: "order", clientSecret: CLIENT_SECRET });
    await people.post("/auth/token", { client: "order", clientSecret: `${CLIENT_SECRET}!` });
    const written =
      JSON.stringify(lines) +
      JSON.stringify(await auth.events(userId)) +
      JSON.stringify(await auth.events(tokens.sessionId));
    const secrets = [
      PASSWORD,
      wrong,
      CLIENT_SECRET,
      tokens.refreshToken,
      tokens.accessToken,
      json.data.tokens.refreshToken,
      "a made-up refresh token",
    ];
    expect(lines.length).toBeGreaterThan(5);
    for (const secret of secrets) expect(written).not.toContain(secret);
  });

  it("comes at the same time for an unknown address as for a wrong password, and for a taken address as for a free one", async () => {
    const { email } = await people.newcomer();
    const timed = async (work: () => Promise<unknown>) => {
      const startedMs = performance.now();
      await work();
      return performance.now() - startedMs;
    };
    const times = [
      await timed(() => people.logIn(email, "not the password")),
      await timed(() => people.logIn(newEmail(), "not the password")),
      await timed(() => people.register(email)),
      await timed(() => people.register(newEmail())),
    ];
    for (const time of times) expect(time).toBeGreaterThanOrEqual(119);
  });

  it("is hashed anew at the next login when the parameters have changed", async () => {
    const { email, userId } = await people.newcomer();
    const old = await createArgon2Passwords({ memoryKib: 64, passes: 1 }).hash(PASSWORD);
    await auth.database.query("update app_user set password_hash = $1 where id = $2", [old, userId]);
    expect((await people.logIn(email)).status).toBe(200);
    const { rows } = await auth.database.query<{ password_hash: string }>(
      "select password_hash from app_user where id = $1",
      [userId],
    );
    expect(rows[0]?.password_hash).toMatch(/m=64,t=2,p=1/);
    expect((await people.logIn(email)).status).toBe(200);
  });
});

describe("an address of the network", () => {
  it("that tries too often is refused, before anything is looked up", async () => {
    await using auth = await startHarness({ LOGINS_PER_MINUTE: "3", REGISTRATIONS_PER_MINUTE: "2" });
    const people = peopleOf(auth);
    const statuses = async (work: () => Promise<{ status: number }>) => {
      const seen: number[] = [];
      for (let n = 0; n < 5; n += 1) seen.push((await work()).status);
      return seen;
    };
    expect(await statuses(() => people.register(newEmail()))).toEqual([200, 200, 429, 429, 429]);
    expect(await statuses(() => people.logIn(newEmail(), "a guess of mine"))).toEqual([401, 401, 401, 429, 429]);
    expect(await people.logIn(newEmail())).toMatchObject({ json: { error: "auth.too_many_attempts" } });
  });
});
