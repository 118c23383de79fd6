import { describe, expect, it } from "vitest";
import { environments } from "../src/environments/index.ts";
import { secretCatalogue } from "../src/secrets/secret-catalogue.ts";
import { synthesize } from "../src/synth.ts";
import { allEnvironments, find, objectsOf, platform } from "./fixtures.ts";

const { local, production } = environments;

describe("the secret catalogue", () => {
  it("says which secret an environment cannot have: one that is given, where all are generated", () => {
    const environment = { ...local, mail: { kind: "provider", from: "shop@tandem.example" } } as const;
    expect(() => synthesize(platform, environment)).toThrow(
      "local has no source of SMTP_URL in the secret notification-worker: it generates its secrets, and this one is given",
    );
  });

  it("says that external secrets need their operator", () => {
    const environment = { ...production, installed: { ...production.installed, externalSecrets: false } };
    expect(() => synthesize(platform, environment)).toThrow(
      "production keeps its secrets in tandem-production, and has no External Secrets Operator to fetch them",
    );
  });

  it.each(allEnvironments)("has one entry per Secret and one key per name in $name", (environment) => {
    const entries = secretCatalogue(platform, environment);
    const names = entries.map(({ namespace, name }) => `${namespace}/${name}`);
    expect(new Set(names).size).toBe(names.length);
    for (const { keys } of entries) expect(new Set(keys.map(({ key }) => key)).size).toBe(keys.length);
  });

  it.each(allEnvironments)("gives every binary a secret of its own to show to auth in $name", (environment) => {
    const shown = secretCatalogue(platform, environment).flatMap(({ name, keys }) =>
      keys.flatMap(({ source }) => (source.kind === "client-secret" ? [[name, source.appId]] : [])),
    );
    expect(shown).toHaveLength(2 * platform.contexts.length + 1);
    for (const [name, appId] of shown) expect(appId).toBe(name);
  });

  it("lets only migrations of a local cluster make databases", () => {
    const holders = allEnvironments.flatMap((environment) =>
      secretCatalogue(platform, environment)
        .filter(({ keys }) => keys.some(({ key }) => key === "ADMIN_DATABASE_URL"))
        .map(({ name }) => `${environment.name} ${name}`),
    );
    expect(holders).toEqual(platform.contexts.map(({ context }) => `local ${context}-migrate`));
  });
});

describe("external secrets", () => {
  it("take what several secrets share from one place", () => {
    const objects = objectsOf(production);
    const refOf = (secret: string, key: string) => {
      const { data } = find(objects, "ExternalSecret", secret)["spec"] as {
        data: { secretKey: string; remoteRef: { key: string; property: string } }[];
      };
      return data.find(({ secretKey }) => secretKey === key)?.remoteRef;
    };
    const shared = { key: "tandem/production/shared", property: "order_svc-url" };
    for (const secret of ["order", "order-worker", "order-migrate"]) {
      expect(refOf(secret, "DATABASE_URL")).toMatchObject(shared);
    }
    expect(refOf("order", "AUTH_CLIENT_SECRET")).toMatchObject({
      key: "tandem/production/order",
      property: "AUTH_CLIENT_SECRET",
    });
  });
});
