import { AppError } from "@tandem/kernel";

/** What a service shows to the auth context for a token of its own. */
export interface ClientCredentials {
  /** `POST` here: `http://auth:8012/auth/token`. */
  readonly tokenUrl: string;
  /** The app id: `order`, `order-worker`. */
  readonly client: string;
  readonly clientSecret: string;
  /** Default 5 000. */
  readonly timeoutMs?: number;
}

export interface IssuedToken {
  readonly token: string;
  /** Seconds from now. */
  readonly expiresInS: number;
}

/**
 * Gets one token for the credentials.
 * @throws AppError `auth.token_unavailable` (unavailable, retryable) when the auth context cannot be reached or fails; internal `auth.client_refused` when it refuses
 */
export const exchangeCredentials = async (credentials: ClientCredentials): Promise<IssuedToken> => {
  const { tokenUrl, client, clientSecret, timeoutMs = 5_000 } = credentials;
  let status: number;
  let body: { readonly data?: { readonly accessToken?: unknown; readonly expiresIn?: unknown } };
  try {
    const answer = await fetch(tokenUrl, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ client, clientSecret }),
      signal: AbortSignal.timeout(timeoutMs),
      redirect: "error",
    });
    status = answer.status;
    body = (await answer.json()) as typeof body;
  } catch (cause) {
    throw unavailable(cause);
  }
  if (status === 401 || status === 403 || status === 400)
    throw new AppError("internal", "auth.client_refused", `The auth context gives ${client} no token.`);
  const { accessToken, expiresIn } = body.data ?? {};
  if (status !== 200 || typeof accessToken !== "string" || typeof expiresIn !== "number")
    throw unavailable(new Error(`status ${status}`));
  return { token: accessToken, expiresInS: expiresIn };
};

const unavailable = (cause: unknown): AppError =>
  new AppError("unavailable", "auth.token_unavailable", "This service cannot get a token of its own now.", { cause });
