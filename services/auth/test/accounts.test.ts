import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./harness.ts";
import { newEmail, PASSWORD, peopleOf } from "./people.ts";

let auth: Harness;
let people: ReturnType<typeof peopleOf>;
beforeAll(async () => {
  auth = await startHarness();
  people = peopleOf(auth);
});
afterAll(() => auth[Symbol.asyncDispose]());

const refused = { status: 401, json: { code: 12001, error: "auth.credentials_invalid" } };
const withoutTrace = (text: string) => text.replace(/"traceId":"[^"]*"/, "");

describe("somebody who registers", () => {
  it("can log in, is announced, and holds a token that others verify by the published keys", async () => {
    const email = newEmail();
    expect(await people.register(` ${email.toUpperCase()} `)).toMatchObject({ status: 200 });
    const { json, headers } = await people.logIn(email);
    expect(headers.get("cache-control")).toBe("no-store");
    const { user, tokens } = json.data;
    expect(user).toMatchObject({ displayName: "Ada Park", roles: ["customer"], customerId: user.userId });
    expect(await auth.events(user.userId)).toMatchObject([
      {
        topic: "auth.user_registered",
        data: {
          userId: user.userId,
          customerId: user.userId,
          displayName: "Ada Park",
          locale: "en-GB",
          roles: ["customer"],
        },
      },
      { topic: "auth.verification_requested", data: { purpose: "VERIFICATION_PURPOSE_CONFIRM_EMAIL" } },
    ]);
    expect(await people.authenticate(tokens.accessToken)).toMatchObject({
      subject: user.userId,
      kind: "user",
      roles: ["customer"],
      customerId: user.userId,
      sessionId: tokens.sessionId,
    });
    expect(tokens).toMatchObject({ expiresIn: 900, refreshExpiresIn: 1_209_600 });
  });

  it("under an address that is taken gets the same answer, and changes nothing", async () => {
    const { email } = await people.newcomer();
    const before = await auth.fingerprint();
    const again = await people.register(email, "another password of mine");
    expect(await auth.fingerprint()).toEqual(before);
    const other = newEmail();
    const first = await people.register(other, "another password of mine");
    expect(again.status).toBe(first.status);
    expect(again.text.replace(email, "")).toBe(first.text.replace(other, ""));
    expect(await people.logIn(email, "another password of mine")).toMatchObject(refused);
  });

  it("ten times at once has one account", async () => {
    const email = newEmail();
    const answers = await Promise.all(Array.from({ length: 10 }, () => people.register(email)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const { userId } = await people.session(email);
    expect(await auth.topics(userId)).toEqual(["auth.user_registered", "auth.verification_requested"]);
  });

  it.each([
    [{ password: "short" }, "auth.password_weak"],
    [{ password: "password1234" }, "auth.password_weak"],
    [{ email: "no address" }, "auth.email_invalid"],
    [{ email: "" }, "request.invalid"],
    [{ email: `${"a".repeat(300)}@example.com` }, "request.invalid"],
    [{ password: "p".repeat(600) }, "request.invalid"],
    [{ displayName: "x".repeat(121) }, "request.invalid"],
    [{ locale: "../../etc" }, "request.invalid"],
    [{ roles: ["operator"] }, "request.malformed"],
    [{ email: 7 }, "request.malformed"],
    [{ password: null, email: null }, "request.invalid"],
  ])("with %j is refused, and changes nothing", async (over, error) => {
    const before = await auth.fingerprint();
    const body = { email: newEmail(), password: PASSWORD, displayName: "A", ...over };
    expect(await people.post("/auth/register", body)).toMatchObject({ status: 400, json: { error } });
    expect(await auth.fingerprint()).toEqual(before);
  });
});

describe("a login that fails", () => {
  it("answers a wrong password, an unknown address and no address alike", async () => {
    const { email } = await people.newcomer();
    const answers = [
      await people.logIn(email, "not the password"),
      await people.logIn(newEmail(), "not the password"),
      await people.logIn("nobody at all", "not the password"),
    ];
    for (const answer of answers) expect(answer).toMatchObject(refused);
    expect(new Set(answers.map(({ text }) => withoutTrace(text))).size).toBe(1);
  });

  it("tells the owner of the account, with where it came from, and nobody else", async () => {
    const { userId, email } = await people.newcomer();
    await people.logIn(email, "not the password", { "user-agent": `curl/8 ${"x".repeat(300)}` });
    const failed = (await auth.events(userId)).at(-1);
    expect(failed).toMatchObject({
      topic: "auth.login_failed",
      data: { userId, email, failedAttempts: 1, ip: "127.0.0.1", customerId: userId },
    });
    expect(failed?.data["userAgent"]).toHaveLength(200);
    expect(failed?.data["lockedUntil"]).toBeUndefined();
    expect(JSON.stringify(failed)).not.toContain("not the password");
  });

  it("five times locks the address, known or not, also against the right password, until time or the staff unlocks it", async () => {
    const { userId, email } = await people.newcomer();
    const unknown = newEmail();
    const locked = { status: 429, json: { error: "auth.account_locked", retryable: false } };
    for (const address of [email, unknown]) {
      for (let n = 0; n < 5; n += 1) expect(await people.logIn(address, "guess number one")).toMatchObject(refused);
    }
    const answers = [await people.logIn(email), await people.logIn(unknown)];
    for (const answer of answers) expect(answer).toMatchObject(locked);
    expect(new Set(answers.map(({ text }) => withoutTrace(text))).size).toBe(1);
    expect((await auth.events(userId)).at(-1)).toMatchObject({
      data: { failedAttempts: 5, lockedUntil: "2026-11-21T10:01:00Z" },
    });

    const staff = await auth.tokens.as("staff");
    const user = await auth.http(`/users/${userId}`, { as: staff });
    expect(user).toMatchObject({ json: { data: { lockedUntil: "2026-11-21T10:01:00Z" } } });
    expect((await people.post(`/users/${userId}/unlock`, {}, staff)).json.data.lockedUntil).toBeUndefined();
    expect((await people.logIn(email)).status).toBe(200);

    for (let n = 0; n < 5; n += 1) await people.logIn(email, "guess number two");
    expect(await people.logIn(email)).toMatchObject(locked);
    auth.clock.advance(60_000);
    expect((await people.logIn(email)).status).toBe(200);
  });

  it("a hundred times at once is five guesses", async () => {
    const { userId, email } = await people.newcomer();
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => people.logIn(email, `guess number ${n}`)));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(35);
    expect((await auth.topics(userId)).filter((topic) => topic === "auth.login_failed")).toHaveLength(5);
  });

  it.each([
    [{}, 400],
    [{ email: "a@example.com" }, 400],
    [{ email: "a@example.com", password: "x".repeat(513) }, 400],
    [{ email: "a@example.com", password: "x\u0000" }, 400],
    [{ email: ["a@example.com"], password: "x" }, 400],
    ["{", 400],
    [{ email: "a@example.com", password: "x", remember: true }, 400],
  ])("as %j is answered %i, and counts nothing", async (body, status) => {
    const before = await auth.fingerprint();
    expect((await people.post("/auth/login", body)).status).toBe(status);
    expect(await auth.fingerprint()).toEqual(before);
  });
});

describe("an account", () => {
  it("is shown to its owner", async () => {
    const person = await people.newcomer();
    const mine = await auth.http("/auth/me", { as: await people.as(person) });
    expect(mine).toMatchObject({ status: 200, json: { data: { userId: person.userId, email: person.email } } });
    expect(mine.text).not.toMatch(/argon2|password/i);
    expect(await auth.http("/auth/me")).toMatchObject({ status: 401 });
    expect(await auth.http("/auth/me", { as: auth.tokens.customer() })).toMatchObject({
      status: 409,
      json: { error: "auth.no_account" },
    });
    expect(await auth.http("/auth/me", { as: auth.tokens.service("order") })).toMatchObject({ status: 403 });
  });

  it("changes its password for who knows the present one; the other sessions end", async () => {
    const person = await people.newcomer();
    const other = await people.session(person.email);
    const as = await people.as(person);
    const change = (currentPassword: string, newPassword: string) =>
      people.post("/auth/password", { currentPassword, newPassword }, as);
    expect(await change("not the password", "a better one, I hope")).toMatchObject(refused);
    expect(await change(PASSWORD, "short")).toMatchObject({ status: 400, json: { error: "auth.password_weak" } });
    expect(await change(PASSWORD, "a better one, I hope")).toMatchObject({ json: { data: { sessionsRevoked: 1 } } });
    expect(await people.logIn(person.email)).toMatchObject(refused);
    expect((await people.logIn(person.email, "a better one, I hope")).status).toBe(200);
    expect((await people.refresh(other.tokens.refreshToken)).status).toBe(401);
    expect((await people.refresh(person.tokens.refreshToken)).status).toBe(200);
    expect(await auth.events(other.tokens.sessionId)).toMatchObject([
      { topic: "auth.session_revoked", data: { reason: "SESSION_END_PASSWORD_CHANGED", userId: person.userId } },
    ]);
    expect(await people.post("/auth/password", { currentPassword: PASSWORD, newPassword: PASSWORD })).toMatchObject({
      status: 401,
    });
    expect(
      await people.post(
        "/auth/password",
        { currentPassword: "x", newPassword: "a new one of somebody" },
        await auth.tokens.customer(newId()),
      ),
    ).toMatchObject({ status: 409, json: { error: "auth.no_account" } });
  });

  it("is locked by guesses at its password with a stolen token, too", async () => {
    const person = await people.newcomer();
    const as = await people.as(person);
    const body = { currentPassword: "a guess at it", newPassword: "a better one, I hope" };
    for (let n = 0; n < 5; n += 1) expect((await people.post("/auth/password", body, as)).status).toBe(401);
    expect(await people.post("/auth/password", { ...body, currentPassword: PASSWORD }, as)).toMatchObject({
      json: { error: "auth.account_locked" },
    });
  });
});
