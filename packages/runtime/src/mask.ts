/** Written in place of a secret. */
export const MASK = "[masked]";

// Compared without case, dashes and underscores, so that `card_token`, `cardToken` and `x-card-token` are one.
const SECRET_KEY =
  /(authorization|cookies?|passwords?|passwd|passphrase|secret|apikey|apitoken|accesstoken|refreshtoken|idtoken|cardtoken|paymenttoken|cardnumber|cvc|cvv|privatekey|databaseurl|connectionstring)$/;
const EXACT_SECRET_KEYS = new Set(["token", "jwt", "pan", "pin", "card"]);

/** True when a value under this key must never be shown. */
export const isSecretKey = (key: string): boolean => {
  const known = knownKeys.get(key);
  if (known !== undefined) return known;
  const secret = looksSecret(key);
  if (knownKeys.size < MOST_KNOWN_KEYS) knownKeys.set(key, secret);
  return secret;
};

/** Log lines have the same few keys again and again. Bounded: keys can come from outside. */
const knownKeys = new Map<string, boolean>();
const MOST_KNOWN_KEYS = 1_000;

const looksSecret = (key: string): boolean => {
  const plain = key.replace(/[-_.\s]/g, "").toLowerCase();
  return EXACT_SECRET_KEYS.has(plain) || SECRET_KEY.test(plain);
};

const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]{1,30}:\/\/[^\s:/@"']{0,256}):[^\s/@"']{1,512}@/gi;
const BEARER = /\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi;
const JWT = /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g;

/** Masks what is recognizable inside free text: passwords in URLs, bearer and basic credentials, JWTs. */
export const maskText = (text: string): string =>
  text.replace(URL_PASSWORD, `$1:${MASK}@`).replace(BEARER, `$1 ${MASK}`).replace(JWT, MASK);

// A fencing token (bigint), a flag and an absence tell nobody anything.
const isMaskable = (value: unknown): boolean =>
  value !== undefined && value !== null && typeof value !== "bigint" && typeof value !== "boolean";

const MAX_DEPTH = 8;

/**
 * A copy of `value` with everything under a secret-looking key masked, at any depth. Returns `value` itself when
 * there was nothing to mask. Errors and class instances pass through untouched: their serializer's turn comes later.
 */
export const maskDeep = (value: unknown, depth = 0): unknown => {
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) {
    const copy = value.map((item) => maskDeep(item, depth + 1));
    return copy.some((item, index) => item !== value[index]) ? copy : value;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  let copy: Record<string, unknown> | undefined;
  for (const [key, item] of Object.entries(value)) {
    const masked = isMaskable(item) && isSecretKey(key) ? MASK : maskDeep(item, depth + 1);
    if (masked === item) continue;
    copy ??= { ...(value as Record<string, unknown>) };
    copy[key] = masked;
  }
  return copy ?? value;
};
