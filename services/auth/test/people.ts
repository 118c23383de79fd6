import { createAuthenticator, type Principal } from "@tandem/auth";
import { newId } from "@tandem/kernel";
import type { Answer } from "@tandem/testkit/service";
import { expect } from "vitest";
import type { Harness } from "./harness.ts";

export const PASSWORD = "correct horse battery";
export const newEmail = () => `p-${newId()}@example.com`;

export interface Person {
  readonly userId: string;
  readonly email: string;
  readonly tokens: { readonly accessToken: string; readonly refreshToken: string; readonly sessionId: string };
}

/** What people do with auth, and their tokens as the other contexts see them. */
export const peopleOf = (auth: Harness) => {
  type As = { readonly authorization: string };
  const post = (
    path: string,
    body: unknown,
    as?: As,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> => auth.http(path, { method: "POST", body, headers, ...(as ? { as } : {}) });
  const register = (email: string, password = PASSWORD) =>
    post("/auth/register", { email, password, displayName: "Ada Park", locale: "en-GB" });
  const logIn = (email: string, password = PASSWORD, headers = {}) =>
    post("/auth/login", { email, password }, undefined, headers);
  const refresh = (refreshToken: string) => post("/auth/refresh", { refreshToken });
  const session = async (email: string): Promise<Person> => {
    const { status, json } = await logIn(email);
    expect({ status, json }).toMatchObject({ status: 200 });
    return { email, userId: json.data.user.userId, tokens: json.data.tokens };
  };
  return {
    post,
    register,
    logIn,
    refresh,
    session,
    newcomer: async (): Promise<Person> => {
      const email = newEmail();
      expect((await register(email)).status).toBe(200);
      return session(email);
    },
    /** As another context would: by the published keys. */
    authenticate: async (token: string): Promise<Principal> => {
      const { json } = await auth.http("/.well-known/jwks.json");
      const issuer = "http://issuer.test.invalid";
      return createAuthenticator({ issuer, audience: "tandem", jwks: json, clock: auth.clock }).authenticate(token);
    },
    /** The harness trusts its own issuer; the claims are those of the real token. */
    as: async (
      { userId, tokens }: Person,
      roles: readonly ("customer" | "staff" | "operator")[] = ["customer"],
    ): Promise<As> => ({
      authorization: `Bearer ${await auth.tokens.mint({ subject: userId, roles, customerId: userId, sessionId: tokens.sessionId })}`,
    }),
  };
};
