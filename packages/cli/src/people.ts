import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { AuthService, type Tokens } from "@tandem/contracts/auth";
import { localSecrets } from "./local-secrets.ts";
import { OPERATOR_EMAIL } from "./local-settings.ts";
import type { TokenSource } from "./platform-clients.ts";

export interface Person {
  readonly email: string;
  readonly name: string;
}

/** The people of a platform: who they are, auth knows; their passwords, whoever has its secret. */
export interface People {
  /** Staff and operator in one, there from the start. */
  readonly operator: TokenSource;
  /** A customer, registered when it is asked for its first token. */
  customer(person: Person): TokenSource;
}

/** How long before its end a token is replaced. */
const AHEAD_MS = 60_000;

/** Whose passwords a command knows. */
export interface Credentials {
  readonly operator: { readonly email: string; readonly password: string };
  /** A customer's of the demonstration, the seeding or the load: the same every time. */
  readonly passwordOf: (email: string) => string;
}

/** On this machine all passwords derive from the platform's secret. */
const localCredentials = (secret: string): Credentials => {
  const { operatorPassword, passwordOf } = localSecrets(secret);
  return { operator: { email: OPERATOR_EMAIL, password: operatorPassword }, passwordOf };
};

/** Elsewhere the operator's password is all that is known: whoever has it finds the customers again that it made. */
export const rememberedPasswords = (email: string | undefined, password: string): Credentials => ({
  operator: { email: email ?? OPERATOR_EMAIL, password },
  passwordOf: localSecrets(password).passwordOf,
});

/** @param known a platform on this machine is known by its secret */
export const openPeople = (authUrl: string, known: string | Credentials): People => {
  const { operator, passwordOf } = typeof known === "string" ? localCredentials(known) : known;
  const auth = createClient(
    AuthService,
    createConnectTransport({ baseUrl: authUrl, httpVersion: "1.1", defaultTimeoutMs: 15_000 }),
  );
  const session = (email: string, password: string, before: () => Promise<unknown>): TokenSource => {
    let held: { readonly tokens: Tokens; readonly renewAtMs: number } | undefined;
    let renewing: Promise<string> | undefined;
    const logIn = async (): Promise<Tokens | undefined> => {
      await before();
      return (await auth.login({ email, password })).tokens;
    };
    const renew = async (): Promise<string> => {
      const refreshToken = held?.tokens.refreshToken;
      // A session that has ended (erased data, a revocation) is no reason to stop: the password still opens one.
      const tokens =
        refreshToken === undefined
          ? await logIn()
          : ((await auth.refresh({ refreshToken }).catch(() => undefined))?.tokens ?? (await logIn()));
      if (tokens === undefined) throw new Error(`auth answered the login of ${email} without tokens`);
      const lifeMs = tokens.expiresIn * 1000;
      held = { tokens, renewAtMs: performance.now() + lifeMs - Math.min(AHEAD_MS, lifeMs / 2) };
      return tokens.accessToken;
    };
    return async () => {
      if (held !== undefined && performance.now() < held.renewAtMs) return held.tokens.accessToken;
      renewing ??= renew().finally(() => {
        renewing = undefined;
      });
      return renewing;
    };
  };

  return {
    operator: session(operator.email, operator.password, async () => {}),
    customer: ({ email, name }) => {
      const password = passwordOf(email);
      // Who is registered already is left as they are.
      return session(email, password, () => auth.register({ email, password, displayName: name, locale: "en-GB" }));
    },
  };
};
