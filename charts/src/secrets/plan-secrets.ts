import { createHash, randomBytes } from "node:crypto";
import { SynthError } from "../synth-error.ts";
import type { SecretEntry, SecretKey, SecretSource } from "./secret-catalogue.ts";

/** `<namespace>/<name>` to key to value. */
export type SecretValues = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Where the stores of the cluster are. */
export interface StoreAddresses {
  readonly redis: string;
  readonly postgres: string;
  readonly stateDatabase: string;
}

export interface PlanOptions {
  readonly entries: readonly SecretEntry[];
  readonly existing: SecretValues;
  readonly addresses: StoreAddresses;
  /** Default: the real thing, in hex. */
  readonly random?: (bytes: number) => string;
}

interface Place {
  readonly secret: string;
  readonly key: SecretKey;
  readonly found: string | undefined;
}

const nameOf = ({ namespace, name }: Pick<SecretEntry, "namespace" | "name">): string => `${namespace}/${name}`;

/**
 * Every secret's values: those that are there already, new random ones where none are, and what follows from others made again. Pure but
 * for the randomness. @throws SynthError naming what only somebody else can give, or two that must be equal and are not
 */
export const planSecrets = ({ entries, existing, addresses, random = randomHex }: PlanOptions): SecretValues => {
  const places = entries.flatMap((entry) =>
    entry.keys.map((key): Place => ({ secret: nameOf(entry), key, found: existing[nameOf(entry)]?.[key.key] })),
  );
  const made = new Map<string, string>();
  /** The one value of a group: what any of its places holds already, or a new one. */
  const shared = (group: string, find: (place: Place) => string | undefined, bytes: number): string => {
    const known = made.get(group);
    if (known !== undefined) return known;
    const holders = places.flatMap((place) => {
      const value = find(place);
      return value === undefined ? [] : [{ where: `${place.secret} ${place.key.key}`, value }];
    });
    const [first] = holders;
    const other = holders.find(({ value }) => value !== first?.value);
    if (first !== undefined && other !== undefined)
      throw new SynthError(`${first.where} and ${other.where} must hold the same ${group}, and do not: delete one`);
    const value = first?.value ?? random(bytes);
    made.set(group, value);
    return value;
  };
  const passwordOf = (user: string) =>
    shared(`password of ${user}`, (place) => passwordIn(place, user, addresses.postgres), 24);
  const storePassword = (value: "redis-password" | "postgres-password" | "state-password") =>
    shared(
      value,
      ({ key: { source }, found }) => {
        if (source.kind === "store" && source.value === value) return found;
        return value === "state-password" && source.kind === "store" && source.value === "state-connection"
          ? passwordOfUrl(found)
          : undefined;
      },
      24,
    );
  const clientSecretOf = (appId: string) =>
    shared(
      `client secret of ${appId}`,
      ({ key: { source }, found }) => (source.kind === "client-secret" && source.appId === appId ? found : undefined),
      32,
    );
  const urlOf = (user: string, password: string, database: string) =>
    `postgres://${user}:${password}@${addresses.postgres}/${database}`;

  const makeValue = ({ secret, key: { key, source, sharedAs }, found }: Place): string => {
    switch (source.kind) {
      case "random-hex": {
        const group = sharedAs ?? `${secret} ${key}`;
        const isOfGroup = (place: Place) => (place.key.sharedAs ?? `${place.secret} ${place.key.key}`) === group;
        return shared(group, (place) => (isOfGroup(place) ? place.found : undefined), source.bytes);
      }
      case "database-url":
        return found ?? urlOf(source.user, passwordOf(source.user), source.database);
      case "admin-database-url":
        return urlOf("postgres", storePassword("postgres-password"), "postgres");
      case "client-secret":
        return clientSecretOf(source.appId);
      case "client-hashes":
        return JSON.stringify(
          Object.fromEntries(source.appIds.map((appId) => [appId, [sha256(clientSecretOf(appId))]])),
        );
      case "store":
        return storeValueOf(source);
      case "given":
        if (found !== undefined) return found;
        throw new SynthError(`${key} of the secret ${secret} comes from ${source.by}: it cannot be made here`);
    }
  };
  const storeValueOf = ({ value }: Extract<SecretSource, { kind: "store" }>): string => {
    if (value === "redis-host") return addresses.redis;
    if (value !== "state-connection") return storePassword(value);
    const { stateDatabase } = addresses;
    return urlOf(stateDatabase, storePassword("state-password"), `${stateDatabase}?sslmode=disable`);
  };

  const values: Record<string, Record<string, string>> = {};
  for (const place of places) values[place.secret] = { ...values[place.secret], [place.key.key]: makeValue(place) };
  return values;
};

/** A URL of another server tells nothing of this one's passwords. */
const passwordIn = ({ key: { source }, found }: Place, user: string, postgres: string): string | undefined =>
  source.kind === "database-url" && source.user === user && found?.includes(`@${postgres}/`)
    ? passwordOfUrl(found)
    : undefined;

const passwordOfUrl = (url: string | undefined): string | undefined =>
  url !== undefined && URL.canParse(url) ? new URL(url).password : undefined;

const randomHex = (bytes: number): string => randomBytes(bytes).toString("hex");
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
