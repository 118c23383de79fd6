import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { environments } from "../../src/environments/index.ts";
import { planSecrets, type SecretValues } from "../../src/secrets/plan-secrets.ts";
import { type SecretEntry, secretCatalogue } from "../../src/secrets/secret-catalogue.ts";
import { extraContext, platform, withContext } from "../fixtures.ts";

const entries = secretCatalogue(platform, environments.local);
const addresses = { redis: "redis.example:6379", postgres: "postgres.example:5432", stateDatabase: "state" };
const counting = () => {
  let n = 0;
  return (bytes: number) => {
    n += 1;
    return `${n}`.padStart(2 * bytes, "0");
  };
};
const plan = (existing: SecretValues = {}, of: readonly SecretEntry[] = entries) =>
  planSecrets({ entries: of, existing, addresses, random: counting() });

describe("planned secrets", () => {
  it("hold every key of the catalogue, each of some length", () => {
    const values = planSecrets({ entries, existing: {}, addresses });
    expect(Object.keys(values).sort()).toEqual(entries.map(({ namespace, name }) => `${namespace}/${name}`).sort());
    for (const { namespace, name, keys } of entries) {
      for (const { key } of keys)
        expect([key, (values[`${namespace}/${name}`]?.[key] ?? "").length]).toEqual([key, expect.any(Number)]);
      for (const { key } of keys) expect((values[`${namespace}/${name}`]?.[key] ?? "").length).toBeGreaterThan(15);
    }
  });

  it("differ from one making to the next", () => {
    const once = planSecrets({ entries, existing: {}, addresses });
    const again = planSecrets({ entries, existing: {}, addresses });
    expect(once["tandem/dapr-api-token"]?.["token"]).not.toBe(again["tandem/dapr-api-token"]?.["token"]);
  });

  it("give one user one password, wherever its URL stands, and each its own", () => {
    const values = plan();
    const urlOf = (secret: string) => values[`tandem/${secret}`]?.["DATABASE_URL"];
    expect(urlOf("order-worker")).toBe(urlOf("order"));
    expect(urlOf("order-migrate")).toBe(urlOf("order"));
    expect(new URL(urlOf("payment") ?? "").password).not.toBe(new URL(urlOf("order") ?? "").password);
    expect(urlOf("order")).toMatch(/^postgres:\/\/order_svc:\w+@postgres\.example:5432\/order_db$/);
  });

  it("agree with the stores: the administrator's password, the broker's, and the state store's", () => {
    const values = plan();
    const admin = new URL(values["tandem/order-migrate"]?.["ADMIN_DATABASE_URL"] ?? "");
    expect([admin.username, admin.password]).toEqual(["postgres", values["tandem-stores/postgres"]?.["password"]]);
    expect(values["tandem/redis"]).toEqual({ host: "redis.example:6379", ...values["tandem-stores/redis"] });
    const state = new URL(values["tandem/statestore"]?.["connectionString"] ?? "");
    expect(state.password).toBe(values["tandem-stores/statestore"]?.["password"]);
    expect([state.username, state.pathname]).toEqual(["state", "/state"]);
  });

  it("tell auth the hashes of what every app will show", () => {
    const values = plan();
    const clients = JSON.parse(values["tandem/auth"]?.["AUTH_SERVICE_CLIENTS"] ?? "{}");
    expect(Object.keys(clients)).toHaveLength(2 * platform.contexts.length + 1);
    for (const appId of ["order", "order-worker", "gateway"]) {
      const shown = values[`tandem/${appId}`]?.["AUTH_CLIENT_SECRET"] ?? "";
      expect(clients[appId]).toEqual([createHash("sha256").update(shown).digest("hex")]);
    }
  });

  it("are the same in both binaries that need one key", () => {
    const values = plan();
    const keyOf = (secret: string) => values[`tandem/${secret}`]?.["AUTH_KEY_ENCRYPTION_KEY"];
    expect(keyOf("auth")).toMatch(/^[0-9a-f]{64}$/);
    expect(keyOf("auth-worker")).toBe(keyOf("auth"));
  });
});

describe("secrets that are there", () => {
  it("stay as they are", () => {
    const existing = planSecrets({ entries, existing: {}, addresses });
    expect(planSecrets({ entries, existing, addresses })).toEqual(existing);
  });

  it("decide about those that are missing", () => {
    const existing = planSecrets({ entries, existing: {}, addresses });
    const {
      "tandem/order": order,
      "tandem-stores/statestore": state,
      "tandem/auth-worker": worker,
      ...rest
    } = existing;
    const { AUTH_CLIENT_SECRET: lost, ...kept } = order ?? {};
    const again = planSecrets({ entries, existing: rest, addresses });
    expect(again["tandem/order"]).toMatchObject(kept);
    expect(again["tandem-stores/statestore"]).toEqual(state);
    expect(again["tandem/auth-worker"]?.["AUTH_KEY_ENCRYPTION_KEY"]).toBe(worker?.["AUTH_KEY_ENCRYPTION_KEY"]);
    // Nobody knows it any more: auth hears of the new one.
    const shown = again["tandem/order"]?.["AUTH_CLIENT_SECRET"] ?? "";
    expect(shown).not.toBe(lost);
    const clients = JSON.parse(again["tandem/auth"]?.["AUTH_SERVICE_CLIENTS"] ?? "{}");
    expect(clients.order).toEqual([createHash("sha256").update(shown).digest("hex")]);
  });

  it("grow by those of a new context, and auth hears of it", () => {
    const existing = planSecrets({ entries, existing: {}, addresses });
    const more = planSecrets({
      entries: secretCatalogue(withContext(extraContext), environments.local),
      existing,
      addresses,
    });
    expect(more["tandem/order"]).toEqual(existing["tandem/order"]);
    expect(more["tandem/loyalty-worker"]?.["DATABASE_URL"]).toContain("loyalty_svc");
    expect(JSON.parse(more["tandem/auth"]?.["AUTH_SERVICE_CLIENTS"] ?? "{}")["loyalty-worker"]).toHaveLength(1);
  });

  it("are not chosen from when two that must be equal are not", () => {
    const existing = plan();
    const torn = { ...existing, "tandem-stores/redis": { password: "another" } };
    expect(() => plan(torn)).toThrow(
      "tandem/redis password and tandem-stores/redis password must hold the same redis-password, and do not: delete one",
    );
  });
});

describe("a secret that somebody else gives", () => {
  const given: SecretEntry = {
    name: "payment",
    namespace: "tandem",
    keys: [{ key: "PROVIDER_WEBHOOK_SECRET", source: { kind: "given", by: "the card provider" } }],
  };

  it("cannot be made, and says where it comes from", () => {
    expect(() => plan({}, [given])).toThrow(
      "PROVIDER_WEBHOOK_SECRET of the secret tandem/payment comes from the card provider: it cannot be made here",
    );
  });

  it("is kept when it is there", () => {
    const existing = { "tandem/payment": { PROVIDER_WEBHOOK_SECRET: "theirs" } };
    expect(plan(existing, [given])).toEqual(existing);
  });
});
