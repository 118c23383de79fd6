import { link, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { newId } from "@tandem/kernel";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import type { SigningKey } from "./sign-token.ts";

export interface KeyPair {
  readonly signing: SigningKey;
  readonly publicJwk: JWK;
}

/** A new Ed25519 key, to be kept secret. */
export const newPrivateJwk = async (): Promise<JWK> =>
  exportJWK((await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true })).privateKey);

/** Derives what signing and publishing need from one private Ed25519, EC or RSA key. The key id is its thumbprint (RFC 7638). */
export const keyPairOf = async (privateJwk: JWK): Promise<KeyPair> => {
  const alg = privateJwk.alg ?? (privateJwk.kty === "OKP" ? "EdDSA" : privateJwk.kty === "EC" ? "ES256" : "RS256");
  const key = await importJWK(privateJwk, alg);
  if (key instanceof Uint8Array || key.type !== "private") throw new TypeError("A private asymmetric key is needed.");
  const { kty, crv, x, y, n, e } = privateJwk;
  const bare = Object.fromEntries(
    Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined),
  ) as JWK;
  const kid = await calculateJwkThumbprint(bare);
  return { signing: { key, kid, alg }, publicJwk: { ...bare, kid, alg, use: "sig" } };
};

/** Reads the key, or makes it: mode 0600, written aside and linked in place, so that two processes that start at once end with one key. */
export const loadOrCreateKey = async (keyFile: string | undefined): Promise<KeyPair> => {
  if (keyFile === undefined) return keyPairOf(await newPrivateJwk());
  const existing = await readKey(keyFile);
  if (existing !== undefined) return keyPairOf(existing);
  await mkdir(dirname(keyFile), { recursive: true });
  const aside = `${keyFile}.${newId()}`;
  await writeFile(aside, JSON.stringify(await newPrivateJwk()), { mode: 0o600, flag: "wx" });
  try {
    await link(aside, keyFile);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(aside, { force: true });
  }
  return keyPairOf((await readKey(keyFile)) as JWK);
};

const readKey = async (keyFile: string): Promise<JWK | undefined> => {
  try {
    const { mode } = await stat(keyFile);
    if ((mode & 0o077) !== 0)
      throw new Error(`${keyFile} holds a signing key and is open to others: chmod 600 it, or delete it.`);
    return JSON.parse(await readFile(keyFile, "utf8")) as JWK;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
};
