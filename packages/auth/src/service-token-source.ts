import { type Clock, systemClock } from "@tandem/kernel";
import type { JWK } from "jose";
import { keyPairOf } from "./key-file.ts";
import { signToken, type TokenClaims } from "./sign-token.ts";

export interface ServiceTokenSourceOptions {
  /** The context's name ("order"); the token's subject is `service:order`. */
  readonly serviceName: string;
  readonly audience: string;
  /** The service's own private key; its public half stands in the issuer's JWKS. Needs `issuer`. Exactly one of this and `devIssuer`. */
  readonly privateJwk?: JWK;
  readonly issuer?: string;
  /** Signs for the service on a laptop. */
  readonly devIssuer?: { mint(claims: TokenClaims): Promise<string> };
  /** Life of each token in seconds, 30 to 3600. Default 300. */
  readonly ttlSeconds?: number;
  /** How long before its end a token is replaced, in seconds. Default 60, at most half the life. */
  readonly renewAheadSeconds?: number;
  readonly clock?: Clock;
}

export interface ServiceTokenSource {
  /** A token with at least `renewAheadSeconds` left. Concurrent callers share one signing; a failed one is not remembered. */
  token(): Promise<string>;
}

/** @throws TypeError without exactly one way to sign */
export const createServiceTokenSource = (options: ServiceTokenSourceOptions): ServiceTokenSource => {
  const clock = options.clock ?? systemClock;
  const ttlSeconds = options.ttlSeconds ?? 300;
  const aheadMs = Math.min(options.renewAheadSeconds ?? 60, ttlSeconds / 2) * 1000;
  const sign = signerOf(options, clock);
  let current: { readonly token: Promise<string>; readonly renewAtMs: number } | undefined;

  const token = (): Promise<string> => {
    const nowMs = clock.now().getTime();
    if (current !== undefined && nowMs < current.renewAtMs) return current.token;
    const next = {
      token: sign({
        subject: `service:${options.serviceName}`,
        kind: "service",
        roles: ["service"],
        audience: options.audience,
        ttlSeconds,
      }),
      renewAtMs: nowMs + ttlSeconds * 1000 - aheadMs,
    };
    current = next;
    next.token.catch(() => {
      if (current === next) current = undefined;
    });
    return next.token;
  };
  return { token };
};

const signerOf = (options: ServiceTokenSourceOptions, clock: Clock): ((claims: TokenClaims) => Promise<string>) => {
  const { privateJwk, devIssuer, issuer } = options;
  if ((privateJwk === undefined) === (devIssuer === undefined))
    throw new TypeError("Give exactly one of privateJwk and devIssuer.");
  if (devIssuer !== undefined) return (claims) => devIssuer.mint(claims);
  if (privateJwk === undefined || issuer === undefined) throw new TypeError("privateJwk needs issuer.");
  const pair = keyPairOf(privateJwk);
  pair.catch(() => {}); // reported by the first token()
  return async (claims) =>
    signToken(claims, { signing: (await pair).signing, issuer, audience: options.audience, clock });
};
