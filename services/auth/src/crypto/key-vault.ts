import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { keyPairOf, newPrivateJwk } from "@tandem/auth";
import type { JWK } from "jose";
import type { KeyMaker } from "../biz/ports.ts";
import type { SigningKeyRecord } from "../model/signing-key.ts";
import { deriveKey } from "./derive-key.ts";

export interface KeyVault extends KeyMaker {
  /** @throws Error when none of the key encryption keys opens it, or it was changed */
  open(key: Pick<SigningKeyRecord, "kid" | "sealedPrivate">): JWK;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ID_BYTES = 4;

interface Sealer {
  readonly id: Buffer;
  readonly key: Buffer;
}

/**
 * Makes Ed25519 keys and seals their private halves with AES-256-GCM; the key id is authenticated with them, so that no sealed key can be put in another's
 * place. The first master key seals, all open: that is how the master is changed.
 */
export const createKeyVault = (masters: readonly [Buffer, ...Buffer[]]): KeyVault => {
  const sealerOf = (master: Buffer): Sealer => {
    const key = deriveKey(master, "signing-key");
    return { key, id: createHash("sha256").update(key).digest().subarray(0, ID_BYTES) };
  };
  const first = sealerOf(masters[0]);
  const sealers = [first, ...masters.slice(1).map(sealerOf)];

  return {
    async create() {
      const privateJwk = await newPrivateJwk();
      const { publicJwk, signing } = await keyPairOf(privateJwk);
      const { kid } = signing;
      return {
        kid,
        publicJwk: { ...publicJwk },
        sealedPrivate: seal(first, kid, Buffer.from(JSON.stringify(privateJwk))),
      };
    },
    open({ kid, sealedPrivate }) {
      const id = sealedPrivate.subarray(0, ID_BYTES);
      const sealer = sealers.find((one) => one.id.equals(id));
      if (sealer === undefined) throw new Error(`no key encryption key opens signing key ${kid}`);
      return JSON.parse(unseal(sealer, kid, sealedPrivate.subarray(ID_BYTES)).toString("utf8")) as JWK;
    },
  };
};

const seal = ({ id, key }: Sealer, kid: string, plain: Buffer): Buffer => {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(kid));
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([id, nonce, sealed, cipher.getAuthTag()]);
};

const unseal = ({ key }: Sealer, kid: string, sealed: Buffer): Buffer => {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce)
    .setAAD(Buffer.from(kid))
    .setAuthTag(sealed.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
};
