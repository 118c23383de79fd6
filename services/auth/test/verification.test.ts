import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./harness.ts";
import { newEmail, PASSWORD, peopleOf } from "./people.ts";

let auth: Harness;
let people: ReturnType<typeof peopleOf>;
beforeAll(async () => {
  auth = await startHarness({ VERIFICATIONS_PER_MINUTE: "100000" });
  people = peopleOf(auth);
});
afterAll(() => auth?.[Symbol.asyncDispose]());

const NEW_PASSWORD = "an entirely other horse";
const notifier = async () => ({
  authorization: `Bearer ${await auth.tokens.mint({ subject: "service:notification-worker", kind: "service" })}`,
});
const requestsOf = async (userId: string) =>
  (await auth.events(userId)).filter(({ topic }) => topic === "auth.verification_requested");
const lastRequestOf = async (userId: string, purpose: "CONFIRM_EMAIL" | "RESET_PASSWORD") => {
  const found = (await requestsOf(userId)).filter(({ data }) => data["purpose"] === `VERIFICATION_PURPOSE_${purpose}`);
  return found.at(-1)?.data["verificationId"] as string;
};
const issue = async (verificationId: string) =>
  people.post(`/auth/verifications/${verificationId}/token`, {}, await notifier());
const tokenOf = async (verificationId: string): Promise<string> => {
  const { status, json } = await issue(verificationId);
  expect({ status, json }).toMatchObject({ status: 200 });
  return json.data.token;
};
const forgotten = (email: string) => people.post("/auth/password/forgotten", { email });
const reset = (token: string, newPassword = NEW_PASSWORD) =>
  people.post("/auth/password/reset", { token, newPassword });
const resetMailOf = async (userId: string) => tokenOf(await lastRequestOf(userId, "RESET_PASSWORD"));

describe("confirming an address", () => {
  it("a registration asks for its mail, and the token of the mail confirms the address, once", async () => {
    const person = await people.newcomer();
    const me = async () => (await auth.http("/auth/me", { as: people.as(person) })).json.data;
    expect((await me()).emailConfirmedAt).toBeUndefined();
    const [request, ...more] = await requestsOf(person.userId);
    expect(more).toEqual([]);
    expect(request?.data).toMatchObject({
      purpose: "VERIFICATION_PURPOSE_CONFIRM_EMAIL",
      email: person.email,
      customerId: person.userId,
      locale: "en-GB",
    });
    const token = await tokenOf(request?.data["verificationId"] as string);
    expect((await people.post("/auth/email/confirm", { token })).status).toBe(200);
    expect((await me()).emailConfirmedAt).toBeDefined();
    expect(await people.post("/auth/email/confirm", { token })).toMatchObject({
      status: 401,
      json: { error: "auth.verification_invalid" },
    });
  });

  it("another mail is sent on request: the same token while it is fresh, none once it is confirmed", async () => {
    const person = await people.newcomer();
    const again = async () => people.post("/auth/email/confirmation", {}, await people.as(person));
    expect((await again()).status).toBe(200);
    const requests = await requestsOf(person.userId);
    expect(requests).toHaveLength(2);
    expect(new Set(requests.map(({ data }) => data["verificationId"])).size).toBe(1);
    expect(new Set(requests.map(({ data }) => data["aggregateVersion"])).size).toBe(2);
    await people.post("/auth/email/confirm", { token: await tokenOf(requests[0]?.data["verificationId"] as string) });
    expect((await again()).status).toBe(200);
    expect(await requestsOf(person.userId)).toHaveLength(2);
  });

  it("neither resets a password by the token of a confirmation, nor the other way round", async () => {
    const person = await people.newcomer();
    await forgotten(person.email);
    const confirming = await tokenOf(await lastRequestOf(person.userId, "CONFIRM_EMAIL"));
    const resetting = await resetMailOf(person.userId);
    expect((await reset(confirming)).status).toBe(401);
    expect((await people.post("/auth/email/confirm", { token: resetting })).status).toBe(401);
    expect((await people.logIn(person.email)).status).toBe(200);
  });
});

describe("a forgotten password", () => {
  it("is replaced by whoever reads the mail: old sessions end, the old password and the token are worth nothing", async () => {
    const person = await people.newcomer();
    expect(await forgotten(` ${person.email.toUpperCase()} `)).toMatchObject({ status: 200, json: { data: {} } });
    const token = await resetMailOf(person.userId);
    expect((await reset(token)).status).toBe(200);
    expect((await people.logIn(person.email)).status).toBe(401);
    expect((await people.logIn(person.email, NEW_PASSWORD)).status).toBe(200);
    expect((await people.refresh(person.tokens.refreshToken)).status).toBe(401);
    const ended = await auth.events(person.tokens.sessionId);
    expect(ended).toMatchObject([{ data: { reason: "SESSION_END_PASSWORD_CHANGED" } }]);
    expect(await reset(token)).toMatchObject({ status: 401, json: { error: "auth.verification_invalid" } });
    // They read the mail of that address.
    const { rows } = await auth.database.query("select email_confirmed_at as at from app_user where id = $1", [
      person.userId,
    ]);
    expect(rows[0]?.["at"]).toBeInstanceOf(Date);
  });

  it("used twice at the same moment, the token sets one password", async () => {
    const person = await people.newcomer();
    await forgotten(person.email);
    const token = await resetMailOf(person.userId);
    const passwords = Array.from({ length: 4 }, (_, n) => `number ${n} of the horses`);
    const answers = await Promise.all(passwords.map((password) => reset(token, password)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
    const winner = passwords[answers.findIndex(({ status }) => status === 200)] ?? "";
    expect((await people.logIn(person.email, winner)).status).toBe(200);
  });

  it("lifts the lock that made somebody forget their patience", async () => {
    const person = await people.newcomer();
    for (let n = 0; n < 5; n += 1) await people.logIn(person.email, "wrong, wrong, wrong");
    expect((await people.logIn(person.email)).status).toBe(429);
    await forgotten(person.email);
    await reset(await resetMailOf(person.userId));
    expect((await people.logIn(person.email, NEW_PASSWORD)).status).toBe(200);
  });

  it("a weak password is refused and leaves the token as it is", async () => {
    const person = await people.newcomer();
    await forgotten(person.email);
    const token = await resetMailOf(person.userId);
    expect(await reset(token, person.email)).toMatchObject({ status: 400, json: { error: "auth.password_weak" } });
    expect((await reset(token)).status).toBe(200);
  });

  it("an address that nobody has, and one that is none, get the same answer and leave no event", async () => {
    const known = await people.newcomer();
    const before = await auth.database.query("select count(*) as n from tandem.outbox_event");
    const unknown = await forgotten(newEmail());
    const nonsense = await forgotten("no address at all");
    expect(await auth.database.query("select count(*) as n from tandem.outbox_event")).toMatchObject({
      rows: before.rows,
    });
    const right = await forgotten(known.email);
    const shape = ({ status, json }: typeof right) => ({ status, data: json.data });
    expect([unknown, nonsense].map(shape)).toEqual([shape(right), shape(right)]);
  });

  it("too many mails to one address are answered alike and not sent; links in hand go on working", async () => {
    const person = await people.newcomer();
    const answers = [];
    for (let n = 0; n < 6; n += 1) answers.push((await forgotten(person.email)).status);
    expect(new Set(answers)).toEqual(new Set([200]));
    const resets = (await requestsOf(person.userId)).filter(
      ({ data }) => data["purpose"] === "VERIFICATION_PURPOSE_RESET_PASSWORD",
    );
    expect(resets).toHaveLength(3);
    expect(new Set(resets.map(({ data }) => data["verificationId"])).size).toBe(1);
    // Nor does a login by an address of somebody's making count against it.
    expect((await reset(await resetMailOf(person.userId))).status).toBe(200);
  });

  it("runs out after half an hour; asked for again late, it is another one", async () => {
    const person = await people.newcomer();
    await forgotten(person.email);
    const first = await resetMailOf(person.userId);
    auth.clock.advance(20 * 60_000);
    await forgotten(person.email);
    const second = await resetMailOf(person.userId);
    expect(second).not.toBe(first);
    expect((await reset(first)).status).toBe(401);
    auth.clock.advance(31 * 60_000);
    expect((await reset(second)).status).toBe(401);
    expect(await issue(await lastRequestOf(person.userId, "RESET_PASSWORD"))).toMatchObject({
      status: 409,
      json: { error: "auth.verification_over" },
    });
  });
});

describe("the token of a mail", () => {
  it("stands neither in an event nor in a table, and is the same whenever it is asked for", async () => {
    const person = await people.newcomer();
    await forgotten(person.email);
    const verificationId = await lastRequestOf(person.userId, "RESET_PASSWORD");
    const answer = await issue(verificationId);
    expect(answer.json.data).toMatchObject({ email: person.email, expiresAt: expect.any(String) });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const token: string = answer.json.data.token;
    expect(await tokenOf(verificationId)).toBe(token);
    expect(token).toMatch(/^[\w-]{43}$/);
    const { rows: tables } = await auth.database.query<{ name: string }>(
      "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'tandem')",
    );
    for (const { name } of tables) {
      const { rows } = await auth.database.query(`select 1 from ${name} t where t::text like '%' || $1 || '%'`, [
        token,
      ]);
      expect({ name, rows }).toEqual({ name, rows: [] });
    }
  });

  it("is given to the service that sends the mails, and to nobody else", async () => {
    const person = await people.newcomer();
    const path = `/auth/verifications/${await lastRequestOf(person.userId, "CONFIRM_EMAIL")}/token`;
    expect((await people.post(path, {})).status).toBe(401);
    for (const roles of [["customer"], ["staff", "operator"]] as const)
      expect((await people.post(path, {}, await people.as(person, roles))).status).toBe(403);
    const order = { authorization: `Bearer ${await auth.tokens.mint({ subject: "service:order", kind: "service" })}` };
    expect((await people.post(path, {}, order)).status).toBe(403);
    expect((await issue(newId())).status).toBe(409);
  });

  it("is forgotten with its person, and deleted when it is long over", async () => {
    const person = await people.newcomer();
    const count = async () =>
      (await auth.database.query("select 1 from verification where user_id = $1", [person.userId])).rows.length;
    expect(await count()).toBe(1);
    auth.clock.advance(40 * 86_400_000);
    await auth.runJob("auth.token-cleanup");
    expect(await count()).toBe(0);
  });

  it("limits what one address of the network may ask for", async () => {
    await using strict = await startHarness({ VERIFICATIONS_PER_MINUTE: "2" });
    const others = peopleOf(strict);
    const statuses = [];
    for (let n = 0; n < 3; n += 1)
      statuses.push((await others.post("/auth/password/forgotten", { email: newEmail() })).status);
    statuses.push((await others.post("/auth/password/reset", { token: "x", newPassword: PASSWORD })).status);
    expect(statuses).toEqual([200, 200, 429, 429]);
  });
});
