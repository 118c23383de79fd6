import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from "jose";

export interface RemoteKeysOptions {
  readonly url: string;
  readonly cooldownMs: number;
  readonly timeoutMs: number;
  /** How long fetched keys are used without asking again. Default 600 000. */
  readonly freshMs?: number;
  /** How long they serve an outage of the issuer beyond that. Default a day. */
  readonly staleMs?: number;
}

const DAY_MS = 86_400_000;

/**
 * The issuer's keys by HTTP. jose refuses every token once its copy is old and cannot be renewed; here an outage of the issuer is no outage
 * of all others: the last copy serves on, and the issuer is asked again every cooldown. A key that was withdrawn meanwhile is trusted that much longer.
 */
export const createRemoteKeys = (options: RemoteKeysOptions): JWTVerifyGetKey => {
  const { url, cooldownMs, timeoutMs, freshMs = 600_000, staleMs = DAY_MS } = options;
  let renewed = false;
  const remote = createRemoteJWKSet(new URL(url), {
    cooldownDuration: cooldownMs,
    timeoutDuration: timeoutMs,
    cacheMaxAge: freshMs,
    [customFetch]: async (...request) => {
      const answer = await fetch(...request);
      renewed = answer.ok;
      return answer;
    },
  });
  let last: { readonly find: JWTVerifyGetKey; readonly atMs: number } | undefined;
  let quietUntilMs = 0;

  // `jwks()` copies the whole set: once per fetch, not per token.
  const remember = (): void => {
    const keys = renewed ? remote.jwks() : undefined;
    renewed = false;
    if (keys !== undefined) last = { find: createLocalJWKSet(keys), atMs: performance.now() };
  };
  return async (header, token) => {
    const old = last !== undefined && performance.now() - last.atMs < freshMs + staleMs ? last : undefined;
    if (old !== undefined && performance.now() < quietUntilMs) return old.find(header, token);
    try {
      const key = await remote(header, token);
      remember();
      return key;
    } catch (error) {
      // It answered, and the key is not among its keys.
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) {
        remember();
        throw error;
      }
      if (old === undefined || error instanceof errors.JOSENotSupported) throw error;
      quietUntilMs = performance.now() + cooldownMs;
      return old.find(header, token);
    }
  };
};
