import { keyPairOf, type SigningKey, signToken } from "@tandem/auth";
import { AppError, type Clock } from "@tandem/kernel";
import type { SigningKeyReader, TokenSigner } from "../biz/ports.ts";
import { type SigningKeyRecord, signingAt } from "../model/signing-key.ts";
import type { KeyVault } from "./key-vault.ts";

export interface KeyRingOptions {
  readonly keys: SigningKeyReader;
  readonly vault: Pick<KeyVault, "open">;
  readonly issuer: string;
  readonly audience: string;
  readonly clock: Clock;
  /** How long the rows are trusted. Default 30 000: far less than a new key is published ahead. */
  readonly refreshMs?: number;
}

export interface KeyRing extends TokenSigner {
  /** RFC 7517, as JSON. */
  jwks(): Promise<string>;
}

interface Loaded {
  readonly records: readonly SigningKeyRecord[];
  readonly atMs: number;
}

/** The keys as this process knows them, asked for anew every half minute; when the database is away, those it knew last. */
export const createKeyRing = (options: KeyRingOptions): KeyRing => {
  const { keys, vault, issuer, audience, clock, refreshMs = 30_000 } = options;
  const opened = new Map<string, Promise<SigningKey>>();
  let loaded: Loaded | undefined;
  let loading: Promise<Loaded> | undefined;

  const load = async (): Promise<Loaded> => {
    const records = await keys.listAll();
    loaded = { records, atMs: clock.now().getTime() };
    for (const kid of opened.keys()) if (!records.some((record) => record.kid === kid)) opened.delete(kid);
    return loaded;
  };
  const current = async (): Promise<readonly SigningKeyRecord[]> => {
    const age = loaded === undefined ? Number.POSITIVE_INFINITY : clock.now().getTime() - loaded.atMs;
    if (loaded !== undefined && loaded.records.length > 0 && age >= 0 && age < refreshMs) return loaded.records;
    loading ??= load().finally(() => {
      loading = undefined;
    });
    try {
      return (await loading).records;
    } catch (error) {
      if (loaded === undefined) throw error;
      return loaded.records;
    }
  };
  const open = (record: SigningKeyRecord): Promise<SigningKey> => {
    const known =
      opened.get(record.kid) ?? Promise.resolve(vault.open(record)).then(async (jwk) => (await keyPairOf(jwk)).signing);
    opened.set(record.kid, known);
    return known;
  };

  return {
    async sign(claims) {
      const record = signingAt(await current(), clock.now());
      if (record === undefined)
        throw new AppError("unavailable", "auth.keys_unavailable", "There is no key to sign tokens with yet.");
      return signToken(claims, { signing: await open(record), issuer, audience, clock });
    },
    jwks: async () => JSON.stringify({ keys: (await current()).map(({ publicJwk }) => publicJwk) }),
  };
};
