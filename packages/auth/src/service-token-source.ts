import { type Clock, systemClock } from "@tandem/kernel";
import type { JWK } from "jose";
import { type ClientCredentials, exchangeCredentials, type IssuedToken } from "./exchange-credentials.ts";
import { keyPairOf } from "./key-file.ts";
import { serviceSubjectOf } from "./service-permissions.ts";
import { signToken, type TokenClaims } from "./sign-token.ts";

export interface ServiceTokenSourceOptions {
  /** The app id ("order", "order-worker"): the token's subject is `service:order`, and says what it may do. With `credentials` the auth context says the subject. */
  readonly serviceName: string;
  readonly audience: string;
  /** Gets its tokens from the auth context (ADR 0010). Exactly one of this, `privateJwk` and `devIssuer`. */
  readonly credentials?: ClientCredentials;
  /** The service's own private key; its public half stands in the issuer's JWKS. Needs `issuer`. */
  readonly privateJwk?: JWK;
  readonly issuer?: string;
  /** Signs for the service on a laptop. */
  readonly devIssuer?: { mint(claims: TokenClaims): Promise<string> };
  /** Life of each token in seconds, 30 to 3600. Default 300. With `credentials` the auth context decides. */
  readonly ttlSeconds?: number;
  /** How long before its end a token is replaced, in seconds. Default 60, at most half the life. */
  readonly renewAheadSeconds?: number;
  readonly clock?: Clock;
}

export interface ServiceTokenSource {
  /**
   * A token with at least `renewAheadSeconds` left; when it cannot be renewed, the present one to its end. Concurrent callers share one
   * signing; a failed one is not remembered.
   */
  token(): Promise<string>;
}

interface Held extends IssuedToken {
  readonly renewAtMs: number;
  readonly endsAtMs: number;
}

/** @throws TypeError without exactly one way to sign */
export const createServiceTokenSource = (options: ServiceTokenSourceOptions): ServiceTokenSource => {
  const clock = options.clock ?? systemClock;
  const obtain = obtainerOf(options, clock);
  let held: Held | undefined;
  let renewing: Promise<Held> | undefined;

  const renew = async (): Promise<Held> => {
    const nowMs = clock.now().getTime();
    const issued = await obtain();
    const lifeMs = issued.expiresInS * 1000;
    const aheadMs = Math.min((options.renewAheadSeconds ?? 60) * 1000, lifeMs / 2);
    return { ...issued, renewAtMs: nowMs + lifeMs - aheadMs, endsAtMs: nowMs + lifeMs };
  };

  const token = async (): Promise<string> => {
    const nowMs = clock.now().getTime();
    if (held !== undefined && nowMs < held.renewAtMs) return held.token;
    renewing ??= renew().then(
      (next) => {
        held = next;
        renewing = undefined;
        return next;
      },
      (error: unknown) => {
        renewing = undefined;
        throw error;
      },
    );
    const usable = held;
    try {
      return (await renewing).token;
    } catch (error) {
      if (usable !== undefined && clock.now().getTime() < usable.endsAtMs - 1_000) return usable.token;
      throw error;
    }
  };
  return { token };
};

const obtainerOf = (options: ServiceTokenSourceOptions, clock: Clock): (() => Promise<IssuedToken>) => {
  const { credentials, privateJwk, devIssuer, issuer, serviceName, audience, ttlSeconds = 300 } = options;
  if ([credentials, privateJwk, devIssuer].filter((way) => way !== undefined).length !== 1)
    throw new TypeError("Give exactly one of credentials, privateJwk and devIssuer.");
  if (credentials !== undefined) return () => exchangeCredentials(credentials);
  const claims: TokenClaims = {
    subject: serviceSubjectOf(serviceName),
    kind: "service",
    audience,
    ttlSeconds,
  };
  if (devIssuer !== undefined) return async () => ({ token: await devIssuer.mint(claims), expiresInS: ttlSeconds });
  if (privateJwk === undefined || issuer === undefined) throw new TypeError("privateJwk needs issuer.");
  const pair = keyPairOf(privateJwk);
  pair.catch(() => {}); // reported by the first token()
  return async () => ({
    token: await signToken(claims, { signing: (await pair).signing, issuer, audience, clock }),
    expiresInS: ttlSeconds,
  });
};
