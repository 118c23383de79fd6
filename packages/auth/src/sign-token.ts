import type { Clock } from "@tandem/kernel";
import { newId } from "@tandem/kernel";
import { type CryptoKey, SignJWT } from "jose";
import type { Role } from "./roles.ts";

export interface TokenClaims {
  readonly subject: string;
  /** Default "user". */
  readonly kind?: "user" | "service";
  /** Of a user. A service may do what its subject may. */
  readonly roles?: readonly Role[];
  readonly customerId?: string;
  readonly sellerId?: string;
  /** The login that it comes from. */
  readonly sessionId?: string;
  /** Seconds, 1 to 3600. Default 900. */
  readonly ttlSeconds?: number;
  /** Default: the issuer's own. */
  readonly audience?: string;
}

export interface SigningKey {
  readonly key: CryptoKey;
  readonly kid: string;
  readonly alg: string;
}

export const MAX_TTL_SECONDS = 3_600;

/** @throws RangeError for a `ttlSeconds` outside 1..3600 */
export const signToken = (
  claims: TokenClaims,
  by: { readonly signing: SigningKey; readonly issuer: string; readonly audience: string; readonly clock: Clock },
): Promise<string> => {
  const ttlSeconds = claims.ttlSeconds ?? 900;
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > MAX_TTL_SECONDS)
    throw new RangeError(`ttlSeconds must be an integer in 1..${MAX_TTL_SECONDS}.`);
  const nowS = Math.floor(by.clock.now().getTime() / 1000);
  return new SignJWT({
    kind: claims.kind ?? "user",
    roles: [...(claims.roles ?? [])],
    ...(claims.customerId === undefined ? {} : { customer_id: claims.customerId }),
    ...(claims.sellerId === undefined ? {} : { seller_id: claims.sellerId }),
    ...(claims.sessionId === undefined ? {} : { sid: claims.sessionId }),
  })
    .setProtectedHeader({ alg: by.signing.alg, typ: "at+jwt", kid: by.signing.kid })
    .setIssuer(by.issuer)
    .setAudience(claims.audience ?? by.audience)
    .setSubject(claims.subject)
    .setJti(newId())
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + ttlSeconds)
    .sign(by.signing.key);
};
