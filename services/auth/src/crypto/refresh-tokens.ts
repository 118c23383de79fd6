import { createHash, createHmac, randomBytes } from "node:crypto";
import type { RefreshTokens, ThrottleKeyOf } from "../biz/ports.ts";
import { deriveKey } from "./derive-key.ts";

/** 256 random bits each. The successor is an HMAC, so that a repeated refresh gets the same one although nobody keeps it. */
export const createRefreshTokens = (master: Buffer): RefreshTokens => {
  const key = deriveKey(master, "refresh-token");
  return {
    create: () => randomBytes(32).toString("base64url"),
    newNonce: () => randomBytes(32).toString("hex"),
    // Random enough that a plain hash does: there is nothing to guess.
    hashOf: (token) => createHash("sha256").update(token).digest("hex"),
    successorOf: (token, nonce) => createHmac("sha256", key).update(`${nonce}.${token}`).digest("base64url"),
  };
};

/** Addresses can be guessed, so a plain hash of one would name it. */
export const createThrottleKey = (master: Buffer): ThrottleKeyOf => {
  const key = deriveKey(master, "login-throttle");
  return (emailKey) => createHmac("sha256", key).update(emailKey).digest("hex");
};
