import { AppError, type Clock, systemClock } from "@tandem/kernel";
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import type { Principal } from "./principal.ts";
import { readPrincipal } from "./read-principal.ts";
import { createRemoteKeys } from "./remote-keys.ts";
import { type TokenFault, tokenError } from "./slugs.ts";

/** Asymmetric only: with a shared secret every verifier could also sign, and `none` is no signature. */
export const ALLOWED_ALGORITHMS = ["EdDSA", "ES256", "RS256"] as const;

export interface AuthenticatorOptions {
  /** Exact value of `iss`. */
  readonly issuer: string;
  /** Value that `aud` must contain. */
  readonly audience: string;
  /** Keys given at once (tests, one-process mode). Exactly one of `jwks` and `jwksUrl`. */
  readonly jwks?: JSONWebKeySet;
  /**
   * Where the keys are served. Fetched lazily, kept 10 minutes, fetched anew for an unknown key at most every `jwksCooldownMs`. While the
   * issuer is down, the keys fetched last go on being trusted, for a day at most.
   */
  readonly jwksUrl?: string;
  /** Default 30 000. A flood of tokens with made-up key ids costs one fetch per cooldown. */
  readonly jwksCooldownMs?: number;
  /** Default 5 000. */
  readonly jwksTimeoutMs?: number;
  readonly clock?: Clock;
  /** Seconds of clock difference forgiven for exp, nbf and iat. Default 5. */
  readonly clockToleranceS?: number;
  /** Longest accepted exp - iat in seconds: a stolen token is replayable until exp, so its life is short. Default 3600. */
  readonly maxLifetimeS?: number;
  /** How long a verified token is trusted without verifying its signature again (exp and revocation are checked each time). Default 30 000; 0 = off. */
  readonly cacheMs?: number;
  /** Most tokens kept. Default 5 000; the oldest goes first. */
  readonly cacheEntries?: number;
  /** Asks whether a token id was revoked. Default: none is. */
  readonly isRevoked?: (tokenId: string) => boolean | Promise<boolean>;
}

export interface Authenticator {
  /**
   * Verifies one compact JWT and says who it is.
   * @throws AppError unauthenticated with one of {@link tokenFaults}; `auth.keys_unavailable` (unavailable, retryable) when the keys cannot be fetched
   */
  authenticate(token: string): Promise<Principal>;
}

/** Longest token looked at. Ours are under 1 KiB. */
const MAX_TOKEN_CHARS = 8_192;

/** @throws TypeError unless exactly one of `jwks` and `jwksUrl` is given */
export const createAuthenticator = (options: AuthenticatorOptions): Authenticator => {
  const clock = options.clock ?? systemClock;
  const toleranceS = options.clockToleranceS ?? 5;
  const maxLifetimeS = options.maxLifetimeS ?? 3_600;
  const cacheMs = options.cacheMs ?? 30_000;
  const cacheEntries = options.cacheEntries ?? 5_000;
  const getKey = keySource(options);
  const verified = new Map<string, { readonly principal: Principal; readonly trustedUntilMs: number }>();

  const verify = async (token: string): Promise<Principal> => {
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(token, getKey, {
        issuer: options.issuer,
        audience: options.audience,
        algorithms: [...ALLOWED_ALGORITHMS],
        typ: "at+jwt",
        clockTolerance: toleranceS,
        currentDate: clock.now(),
        requiredClaims: ["sub", "exp", "iat", "jti"],
      }));
    } catch (error) {
      throw translate(error);
    }
    return readPrincipal(payload, { nowS: clock.now().getTime() / 1000, toleranceS, maxLifetimeS });
  };

  const authenticate = async (token: string): Promise<Principal> => {
    if (token.length > MAX_TOKEN_CHARS) throw tokenError("auth.token_malformed");
    const nowMs = clock.now().getTime();
    const known = verified.get(token);
    let principal: Principal;
    if (known !== undefined && nowMs < known.trustedUntilMs) {
      principal = known.principal;
      if (nowMs / 1000 >= (principal.expiresAtS ?? 0) + toleranceS) {
        verified.delete(token);
        throw tokenError("auth.token_expired");
      }
    } else {
      verified.delete(token);
      principal = await verify(token);
      if (cacheMs > 0) {
        const oldest = verified.size >= cacheEntries ? verified.keys().next().value : undefined;
        if (oldest !== undefined) verified.delete(oldest);
        verified.set(token, { principal, trustedUntilMs: nowMs + cacheMs });
      }
    }
    if (principal.tokenId !== undefined && (await options.isRevoked?.(principal.tokenId)) === true)
      throw tokenError("auth.token_revoked");
    return principal;
  };
  return { authenticate };
};

const keySource = (options: AuthenticatorOptions): JWTVerifyGetKey => {
  if ((options.jwks === undefined) === (options.jwksUrl === undefined))
    throw new TypeError("Give exactly one of jwks and jwksUrl.");
  if (options.jwks !== undefined) return createLocalJWKSet(options.jwks);
  return createRemoteKeys({
    url: options.jwksUrl as string,
    cooldownMs: options.jwksCooldownMs ?? 30_000,
    timeoutMs: options.jwksTimeoutMs ?? 5_000,
  });
};

const claimFaults: Readonly<Record<string, TokenFault>> = {
  iss: "auth.token_wrong_issuer",
  aud: "auth.token_wrong_audience",
  typ: "auth.token_wrong_type",
};

const translate = (error: unknown): AppError => {
  if (error instanceof errors.JWTExpired) return tokenError("auth.token_expired", error);
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.reason === "missing")
      return tokenError(error.claim === "typ" ? "auth.token_wrong_type" : "auth.token_claims_invalid", error);
    if (error.claim === "nbf" && error.reason === "check_failed") return tokenError("auth.token_not_yet_valid", error);
    return tokenError(claimFaults[error.claim] ?? "auth.token_claims_invalid", error);
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return tokenError("auth.token_algorithm_not_allowed", error);
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return tokenError("auth.token_unknown_key", error);
  if (error instanceof errors.JWSSignatureVerificationFailed) return tokenError("auth.token_signature_invalid", error);
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid)
    return tokenError("auth.token_malformed", error);
  // A `crit` header or an algorithm that the key cannot do: the token asks for something we do not speak.
  if (error instanceof errors.JOSENotSupported) return tokenError("auth.token_algorithm_not_allowed", error);
  // What remains is the key set: not reachable, timed out, not JSON. The caller's token may be perfectly good, so this is never a 401.
  return new AppError("unavailable", "auth.keys_unavailable", "The keys to verify tokens cannot be fetched now.", {
    cause: error,
  });
};
