import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { CustomerChange, CustomerUpdatedSchema } from "@tandem/contracts/customer";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { authWorkerConfig } from "../src/config/config.ts";
import { type Harness, startHarness } from "./harness.ts";
import { peopleOf } from "./people.ts";

const DAY = 86_400_000;
let auth: Harness;
let people: ReturnType<typeof peopleOf>;
beforeAll(async () => {
  auth = await startHarness();
  people = peopleOf(auth);
});
afterAll(() => auth[Symbol.asyncDispose]());

const changed = (customerId: string, change: CustomerChange = CustomerChange.ERASED, id?: string) =>
  auth.deliver(
    CustomerUpdatedSchema,
    { customerId, aggregateVersion: 3n, occurredAt: timestampFromDate(auth.clock.now()), change },
    id,
  );
const userRow = async (userId: string) =>
  (await auth.database.query("select * from app_user where id = $1", [userId])).rows[0];

describe("a person who asks to be forgotten", () => {
  it("leaves no address, no password and no session, once, however often it is said", async () => {
    const person = await people.newcomer();
    const second = await people.session(person.email);
    await people.post("/auth/logout", { refreshToken: second.tokens.refreshToken });
    const id = newId();
    for (const eventId of [id, id, newId()])
      expect(await changed(person.userId, CustomerChange.ERASED, eventId)).toBe("ack");
    expect(await userRow(person.userId)).toMatchObject({
      email: null,
      email_key: null,
      password_hash: null,
      display_name: "",
      roles: [],
      status: "ERASED",
    });
    expect(await auth.events(person.tokens.sessionId)).toMatchObject([
      { topic: "auth.session_revoked", data: { reason: "SESSION_END_USER_ERASED", customerId: person.userId } },
    ]);
    expect(await auth.topics(second.tokens.sessionId)).toEqual(["auth.session_revoked"]);
    expect((await people.logIn(person.email)).status).toBe(401);
    expect((await people.refresh(person.tokens.refreshToken)).status).toBe(401);
    expect(await auth.http("/auth/me", { as: await people.as(person) })).toMatchObject({
      json: { error: "auth.no_account" },
    });
    const staff = await auth.tokens.as("staff");
    const roles = { method: "PUT", body: { roles: ["customer"] }, as: staff };
    expect((await auth.http(`/users/${person.userId}/roles`, roles)).status).toBe(404);
    expect((await people.post(`/users/${person.userId}/unlock`, {}, staff)).status).toBe(404);
    expect((await auth.http(`/users/${person.userId}`, { as: staff })).json.data.status).toBe("USER_STATUS_ERASED");
    // The address is free again: a new person, with nothing of the old.
    await people.register(person.email);
    expect((await people.session(person.email)).userId).not.toBe(person.userId);
  });

  it("before the account is known leaves a tombstone under its id", async () => {
    const customerId = newId();
    await changed(customerId);
    await changed(customerId);
    expect(await userRow(customerId)).toMatchObject({ status: "ERASED", email: null });
    expect(await auth.topics(customerId)).toEqual([]);
  });

  it("is told from other changes of a customer, which are none of auth's", async () => {
    const person = await people.newcomer();
    const before = await userRow(person.userId);
    for (const change of [CustomerChange.PROFILE, CustomerChange.CREATED, CustomerChange.UNSPECIFIED])
      expect(await changed(person.userId, change)).toBe("ack");
    expect(await userRow(person.userId)).toEqual(before);
  });

  it("while it logs in ends with no session at all", async () => {
    const person = await people.newcomer();
    await Promise.all([...Array.from({ length: 5 }, () => people.logIn(person.email)), changed(person.userId)]);
    const { rows } = await auth.database.query("select id from session where user_id = $1 and ended_at is null", [
      person.userId,
    ]);
    expect(rows).toEqual([]);
  });
});

describe("the clean-up", () => {
  it("deletes what has long been over, and nothing that may still be used", async () => {
    const [idle, gone, busy] = [await people.newcomer(), await people.newcomer(), await people.newcomer()];
    await people.post("/auth/logout", { refreshToken: gone.tokens.refreshToken });
    await people.logIn(idle.email, "not the password");
    await auth.runJob("auth.token-cleanup");
    let { refreshToken } = busy.tokens;
    const count = async (table: string, sessionId: string) => {
      const column = table === "session" ? "id" : "session_id";
      const { rows } = await auth.database.query(`select 1 from ${table} where ${column} = $1`, [sessionId]);
      return rows.length;
    };
    for (let n = 0; n < 4; n += 1) {
      auth.clock.advance(10 * DAY);
      refreshToken = (await people.refresh(refreshToken)).json.data.tokens.refreshToken;
    }
    auth.clock.advance(7 * DAY);
    expect(await auth.runJob("auth.token-cleanup")).toMatchObject({ attempts: expect.any(Number) });
    expect(await count("session", gone.tokens.sessionId)).toBe(0);
    expect(await count("refresh_token", gone.tokens.sessionId)).toBe(0);
    expect(await count("refresh_token", idle.tokens.sessionId)).toBe(0);
    expect(await count("session", busy.tokens.sessionId)).toBe(1);
    const { rows } = await auth.database.query("select key from login_throttle");
    expect(rows).toEqual([]);
    expect((await people.refresh(refreshToken)).status).toBe(200);
    auth.clock.advance(200 * DAY);
    await auth.runJob("auth.token-cleanup");
    expect(await count("session", busy.tokens.sessionId)).toBe(0);
  });
});

describe("the configuration", () => {
  const base = {
    DATABASE_URL: "postgres://a:b@localhost/c",
    DAPR_HTTP_PORT: "1",
    DAPR_GRPC_PORT: "1",
  };
  it("takes the key encryption key as 32 bytes, hex or base64, and nothing else", () => {
    const keyOf = (text: string) =>
      authWorkerConfig.safeParse({ ...base, AUTH_KEY_ENCRYPTION_KEY: text }).data?.AUTH_KEY_ENCRYPTION_KEY;
    const bytes = Buffer.alloc(32, 7);
    expect(keyOf(bytes.toString("hex"))).toEqual(bytes);
    expect(keyOf(bytes.toString("base64"))).toEqual(bytes);
    expect(keyOf("too short")).toBeUndefined();
  });
});
