import { createAuthenticator } from "@tandem/auth";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./harness.ts";

let auth: Harness;
beforeAll(async () => {
  auth = await startHarness();
});
afterAll(() => auth[Symbol.asyncDispose]());

const PASSWORD = "correct horse battery";
const post = (path: string, body: unknown, as?: { authorization: string }, headers = {}) =>
  auth.http(path, { method: "POST", body, headers, ...(as ? { as } : {}) });
const newEmail = () => `ada.${newId()}@example.com`;
const register = (email: string, password = PASSWORD) =>
  post("/auth/register", { email, password, displayName: "Ada Park", locale: "en-GB" });
const logIn = (email: string, password = PASSWORD, headers = {}) =>
  post("/auth/login", { email, password }, undefined, headers);
const customer = async () => {
  const email = newEmail();
  expect((await register(email)).status).toBe(200);
  const { json } = await logIn(email);
  return { email, user: json.data.user, tokens: json.data.tokens };
};
const authenticate = async (token: string) => {
  const { json } = await auth.http("/.well-known/jwks.json");
  const options = { issuer: "http://issuer.test.invalid", audience: "tandem", jwks: json, clock: auth.clock };
  return createAuthenticator(options).authenticate(token);
};
const tokenOf = async (user: { userId: string; customerId?: string }, sessionId: string) => ({
  authorization: `Bearer ${await auth.tokens.mint({ subject: user.userId, roles: ["customer"], sessionId })}`,
});

describe("somebody who registers", () => {
  it("can log in, is announced, and holds a token that others verify by the published keys", async () => {
    const email = newEmail();
    expect(await register(email)).toMatchObject({ status: 200, json: { data: { email } } });
    const { json, headers } = await logIn(email.toUpperCase());
    expect(headers.get("cache-control")).toBe("no-store");
    const { user, tokens } = json.data;
    expect(user).toMatchObject({ email, displayName: "Ada Park", roles: ["customer"], customerId: user.userId });
    expect(await auth.events(user.userId)).toMatchObject([
      {
        topic: "auth.user_registered",
        data: { userId: user.userId, customerId: user.userId, email, displayName: "Ada Park", locale: "en-GB" },
      },
    ]);
    expect(await authenticate(tokens.accessToken)).toMatchObject({
      subject: user.userId,
      kind: "user",
      roles: ["customer"],
      customerId: user.userId,
      sessionId: tokens.sessionId,
    });
    expect(tokens).toMatchObject({ expiresIn: 900, refreshExpiresIn: 1_209_600 });
  });
});
