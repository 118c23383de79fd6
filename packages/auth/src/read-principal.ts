import type { JWTPayload } from "jose";
import { type Principal, principalOf } from "./principal.ts";
import { isRole } from "./roles.ts";
import { tokenError } from "./slugs.ts";

const MAX_ID_CHARS = 200;

const optionalId = (value: unknown): string | undefined => {
  if (value === undefined) return undefined;
  if (typeof value !== "string" || value === "" || value.length > MAX_ID_CHARS)
    throw tokenError("auth.token_claims_invalid");
  return value;
};

/**
 * Reads the claims of a token whose signature, issuer, audience and times were verified.
 * Claims: `sub`, `jti`, `iat`, `exp`, `roles` (strings, of users only), `kind` ("user" when absent, or "service"), `customer_id`, `seller_id`, `sid`.
 */
export const readPrincipal = (
  payload: JWTPayload,
  limits: { readonly nowS: number; readonly toleranceS: number; readonly maxLifetimeS: number },
): Principal => {
  const { exp = 0, iat = 0 } = payload;
  const subject = optionalId(payload.sub);
  const tokenId = optionalId(payload.jti);
  const claimedKind = payload["kind"] ?? "user";
  const claimedRoles = payload["roles"] ?? [];
  if (subject === undefined || tokenId === undefined) throw tokenError("auth.token_claims_invalid");
  if (claimedKind !== "user" && claimedKind !== "service") throw tokenError("auth.token_claims_invalid");
  if (!Array.isArray(claimedRoles) || claimedRoles.some((role) => typeof role !== "string"))
    throw tokenError("auth.token_claims_invalid");
  if (iat > limits.nowS + limits.toleranceS) throw tokenError("auth.token_not_yet_valid");
  if (exp - iat > limits.maxLifetimeS) throw tokenError("auth.token_lifetime_too_long");
  const customerId = optionalId(payload["customer_id"]);
  const sellerId = optionalId(payload["seller_id"]);
  const sessionId = optionalId(payload["sid"]);
  return principalOf({
    subject,
    kind: claimedKind,
    roles: claimedRoles.filter(isRole),
    tokenId,
    expiresAtS: exp,
    ...(customerId === undefined ? {} : { customerId }),
    ...(sellerId === undefined ? {} : { sellerId }),
    ...(sessionId === undefined ? {} : { sessionId }),
  });
};
