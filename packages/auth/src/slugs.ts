import { AppError } from "@tandem/kernel";

// One message per slug, constant: a caller learns which rule the token broke and nothing about keys, claims or libraries.
const messages = {
  "auth.token_missing": "This call needs a bearer token.",
  "auth.token_malformed": "The bearer token is not a well-formed JWT.",
  "auth.token_wrong_type": "The token is not an access token (header typ must be at+jwt).",
  "auth.token_algorithm_not_allowed": "The token is signed with an algorithm that is not accepted.",
  "auth.token_unknown_key": "The token is signed with a key that is not known.",
  "auth.token_signature_invalid": "The token's signature does not match.",
  "auth.token_expired": "The token has expired.",
  "auth.token_not_yet_valid": "The token is not valid yet.",
  "auth.token_wrong_issuer": "The token comes from another issuer.",
  "auth.token_wrong_audience": "The token is meant for another audience.",
  "auth.token_claims_invalid": "The token lacks a required claim, or one has a wrong type.",
  "auth.token_lifetime_too_long": "The token lives longer than this service accepts.",
  "auth.token_revoked": "The token has been revoked.",
} as const;

export type TokenFault = keyof typeof messages;

/** The slugs with which a token is refused; all of them are `unauthenticated`. */
export const tokenFaults = Object.freeze(Object.keys(messages)) as readonly TokenFault[];

/** An `unauthenticated` error with a stable slug. The cause is for the log: nothing of it reaches callers. */
export const tokenError = (slug: TokenFault, cause?: unknown): AppError =>
  new AppError("unauthenticated", slug, messages[slug], cause === undefined ? {} : { cause });
