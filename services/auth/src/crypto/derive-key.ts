import { hkdfSync } from "node:crypto";

/** A key of 32 bytes for one purpose, from the one that the configuration gives. */
export const deriveKey = (master: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync("sha256", master, Buffer.alloc(0), `tandem.auth.${purpose}.v1`, 32));
