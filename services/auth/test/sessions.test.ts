import { createHash } from "node:crypto";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./harness.ts";
import { type Person, peopleOf } from "./people.ts";

let auth: Harness;
let people: ReturnType<typeof peopleOf>;
beforeAll(async () => {
  auth = await startHarness();
  people = peopleOf(auth);
});
afterAll(() => auth[Symbol.asyncDispose]());

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const over = { status: 401, json: { code: 12006, error: "auth.refresh_token_invalid" } };
const next = async (token: string): Promise<Person["tokens"]> => {
  const { status, json } = await people.refresh(token);
  expect({ status, json }).toMatchObject({ status: 200 });
  return json.data.tokens;
};
const revocations = async (sessionId: string) => (await auth.events(sessionId)).map(({ data }) => data["reason"]);

describe("a refresh token", () => {
  it("is replaced at each use, and brings a token of the same session", async () => {
    const { userId, tokens } = await people.newcomer();
    let token = tokens.refreshToken;
    const seen = new Set([token]);
    for (let n = 0; n < 5; n += 1) {
      auth.clock.advance(HOUR);
      const given = await next(token);
      expect(given.sessionId).toBe(tokens.sessionId);
      token = given.refreshToken;
      seen.add(token);
      expect(await people.authenticate(given.accessToken)).toMatchObject({
        subject: userId,
        sessionId: tokens.sessionId,
      });
    }
    expect(seen.size).toBe(6);
    for (const one of seen) expect(one).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it("used twice ends its session, for thief and owner, and says so once", async () => {
    const { userId, tokens } = await people.newcomer();
    const owners = await next(tokens.refreshToken);
    auth.clock.advance(10_001);
    expect(await people.refresh(tokens.refreshToken)).toMatchObject(over);
    expect(await people.refresh(owners.refreshToken)).toMatchObject(over);
    expect(await people.refresh(tokens.refreshToken)).toMatchObject(over);
    expect(await auth.events(tokens.sessionId)).toMatchObject([
      {
        topic: "auth.session_revoked",
        data: { userId, customerId: userId, reason: "SESSION_END_TOKEN_REUSED", aggregateVersion: "2" },
      },
    ]);
  });

  it("repeated by an honest person within the grace gives the same successor", async () => {
    const { tokens } = await people.newcomer();
    const first = await next(tokens.refreshToken);
    auth.clock.advance(9_000);
    const second = await next(tokens.refreshToken);
    expect(second.refreshToken).toBe(first.refreshToken);
    expect((await people.refresh(first.refreshToken)).status).toBe(200);
    expect(await revocations(tokens.sessionId)).toEqual([]);
  });

  it("stolen within the grace is found out when the second of the two holders goes on", async () => {
    const { tokens } = await people.newcomer();
    const owners = await next(tokens.refreshToken);
    const thiefs = await next(tokens.refreshToken);
    auth.clock.advance(HOUR);
    const further = await next(thiefs.refreshToken);
    auth.clock.advance(HOUR);
    expect(await people.refresh(owners.refreshToken)).toMatchObject(over);
    expect(await people.refresh(further.refreshToken)).toMatchObject(over);
    expect(await revocations(tokens.sessionId)).toEqual(["SESSION_END_TOKEN_REUSED"]);
  });

  it("used twenty times at once has one successor and ends nothing; reused twenty times at once it ends its session once", async () => {
    const { tokens } = await people.newcomer();
    const answers = await Promise.all(Array.from({ length: 20 }, () => next(tokens.refreshToken)));
    expect(new Set(answers.map(({ refreshToken }) => refreshToken)).size).toBe(1);
    const { rows } = await auth.database.query<{ n: string }>(
      "select count(*) as n from refresh_token where session_id = $1",
      [tokens.sessionId],
    );
    expect(rows).toEqual([{ n: "2" }]);
    auth.clock.advance(HOUR);
    const late = await Promise.all(Array.from({ length: 20 }, () => people.refresh(tokens.refreshToken)));
    for (const answer of late) expect(answer).toMatchObject(over);
    expect(await revocations(tokens.sessionId)).toEqual(["SESSION_END_TOKEN_REUSED"]);
  });

  it("ends after two idle weeks, and after ninety days however it is used", async () => {
    const idle = await people.newcomer();
    const busy = await people.newcomer();
    let { refreshToken } = busy.tokens;
    for (let day = 13; day <= 78; day += 13) {
      auth.clock.advance(13 * DAY);
      refreshToken = (await next(refreshToken)).refreshToken;
    }
    auth.clock.advance(13 * DAY);
    expect(await people.refresh(idle.tokens.refreshToken)).toMatchObject(over);
    expect(await people.refresh(refreshToken)).toMatchObject(over);
    // Ran out by itself: nobody ended it.
    expect(await revocations(busy.tokens.sessionId)).toEqual([]);
  });

  it("is kept as a hash: nothing in the database opens a session", async () => {
    const { tokens } = await people.newcomer();
    const successor = await next(tokens.refreshToken);
    const { rows } = await auth.database.query<{ hash: string }>(
      "select encode(hash, 'hex') as hash from refresh_token where session_id = $1",
      [tokens.sessionId],
    );
    const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
    expect(rows.map(({ hash }) => hash).sort()).toEqual(
      [tokens.refreshToken, successor.refreshToken].map(sha256).sort(),
    );
    const tables = [
      "app_user",
      "session",
      "refresh_token",
      "login_throttle",
      "tandem.outbox_event",
      "tandem.idempotency_key",
    ];
    for (const table of tables) {
      const { rows: content } = await auth.database.query<{ row: string }>(`select t::text as row from ${table} t`);
      const text = content.map(({ row }) => row).join("\n");
      for (const secret of [tokens.refreshToken, successor.refreshToken, tokens.accessToken]) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain(Buffer.from(secret).toString("hex"));
      }
    }
  });

  it("is never kept under an Idempotency-Key", async () => {
    const person = await people.newcomer();
    const headers = { "idempotency-key": newId() };
    const { json } = await people.post(
      "/auth/refresh",
      { refreshToken: person.tokens.refreshToken },
      await people.as(person),
      headers,
    );
    expect(json.data.tokens.refreshToken).toBeDefined();
    const { rows } = await auth.database.query("select * from tandem.idempotency_key");
    expect(rows).toEqual([]);
  });

  it.each(["nonsense", "x".repeat(256), "eyJhbGciOiJub25lIn0.e30."])(
    "that is made up (%s) is refused",
    async (token) => {
      const before = await auth.fingerprint();
      expect(await people.refresh(token)).toMatchObject(over);
      expect((await people.post("/auth/logout", { refreshToken: token })).status).toBe(200);
      expect(await auth.fingerprint()).toEqual(before);
    },
  );

  it.each([{}, { refreshToken: "" }, { refreshToken: "x".repeat(257) }, { refreshToken: 1 }, { token: "x" }])(
    "sent as %j is a bad request",
    async (body) => {
      expect((await people.post("/auth/refresh", body)).status).toBe(400);
    },
  );
});

describe("a session", () => {
  it("ends with its logout, again and again, and the others go on", async () => {
    const person = await people.newcomer();
    const other = await people.session(person.email);
    const logOut = () => people.post("/auth/logout", { refreshToken: person.tokens.refreshToken });
    for (let n = 0; n < 3; n += 1) expect(await logOut()).toMatchObject({ status: 200, json: { code: 0 } });
    expect(await people.refresh(person.tokens.refreshToken)).toMatchObject(over);
    expect(await revocations(person.tokens.sessionId)).toEqual(["SESSION_END_LOGOUT"]);
    expect((await people.refresh(other.tokens.refreshToken)).status).toBe(200);
  });

  it("is listed to its owner, with the present one marked, page by page", async () => {
    const person = await people.newcomer();
    const others = [await people.session(person.email), await people.session(person.email)];
    await people.post("/auth/logout", { refreshToken: others[0]?.tokens.refreshToken });
    const as = await people.as(person);
    const { json } = await auth.http("/auth/sessions", { as });
    expect(json.data.sessions).toMatchObject([
      { sessionId: others[1]?.tokens.sessionId, current: false, ip: "127.0.0.1" },
      { sessionId: person.tokens.sessionId, current: true },
    ]);
    const first = await auth.http("/auth/sessions?page.limit=1", { as });
    const cursor = encodeURIComponent(first.json.data.page.nextCursor);
    const second = await auth.http(`/auth/sessions?page.limit=1&page.cursor=${cursor}`, { as });
    expect(second.json.data.sessions).toMatchObject([{ sessionId: person.tokens.sessionId }]);
    expect((await auth.http("/auth/sessions?page.offset=0&page.limit=1", { as })).json.data.page.total).toBe("2");
  });

  it("is nobody else's: others' sessions answer like none", async () => {
    const [owner, thief] = [await people.newcomer(), await people.newcomer()];
    const as = await people.as(thief);
    const before = await auth.fingerprint();
    for (const id of [owner.tokens.sessionId, newId()]) {
      expect(await auth.http(`/auth/sessions/${id}`, { method: "DELETE", as })).toMatchObject({
        status: 404,
        json: { error: "auth.session_not_found" },
      });
    }
    for (const id of [owner.userId, newId()]) {
      expect(await auth.http(`/auth/sessions?userId=${id}`, { as })).toMatchObject({
        status: 404,
        json: { error: "auth.user_not_found" },
      });
    }
    expect((await auth.http("/auth/sessions/none", { method: "DELETE", as })).status).toBe(400);
    expect((await auth.http("/auth/sessions", { as: auth.tokens.service("order") })).status).toBe(403);
    expect((await auth.http("/auth/sessions")).status).toBe(401);
    expect(await auth.fingerprint()).toEqual(before);
  });

  it("is ended by its owner from elsewhere, and by the staff", async () => {
    const person = await people.newcomer();
    const [second, third] = [await people.session(person.email), await people.session(person.email)];
    const end = (sessionId: string, as: { authorization: string }) =>
      auth.http(`/auth/sessions/${sessionId}`, { method: "DELETE", as });
    const staff = await auth.tokens.as("staff");
    expect((await end(second.tokens.sessionId, await people.as(person))).status).toBe(200);
    expect((await end(third.tokens.sessionId, staff)).status).toBe(200);
    expect((await end(third.tokens.sessionId, staff)).status).toBe(200);
    expect(await people.refresh(second.tokens.refreshToken)).toMatchObject(over);
    expect(await people.refresh(third.tokens.refreshToken)).toMatchObject(over);
    expect(await revocations(third.tokens.sessionId)).toEqual(["SESSION_END_REVOKED"]);
    const seen = await auth.http(`/auth/sessions?userId=${person.userId}`, { as: staff });
    expect(seen.json.data.sessions).toMatchObject([{ sessionId: person.tokens.sessionId, current: false }]);
  });
});
