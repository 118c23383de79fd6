import { createHash, createHmac } from "node:crypto";
import type { VerificationTokens } from "../biz/ports.ts";
import { deriveKey } from "./derive-key.ts";

/** Derived, so that a mail that has to be sent twice carries the same token both times although nobody keeps it. */
export const createVerificationTokens = (master: Buffer): VerificationTokens => {
  const key = deriveKey(master, "verification");
  return {
    tokenOf: (verificationId) => createHmac("sha256", key).update(verificationId).digest("base64url"),
    hashOf: (token) => createHash("sha256").update(token).digest("hex"),
  };
};
