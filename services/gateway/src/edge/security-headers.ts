import type { HeaderPairs } from "./cors.ts";

/** On every answer that does not bring its own. Answers are data: nothing in them may run, be framed or be guessed at. */
export const securityHeaders: HeaderPairs = [
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
  ["referrer-policy", "no-referrer"],
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
  // Browsers ignore it on plain HTTP.
  ["strict-transport-security", "max-age=31536000; includeSubDomains"],
  ["cross-origin-resource-policy", "same-origin"],
  ["cache-control", "no-store"],
];
