import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { gatewayEntry, serviceCatalogue } from "@tandem/contracts";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { ComposeService } from "../../src/compose/compose-file.ts";
import { readComposeFiles } from "../../src/compose/generate.ts";
import { envFilesOf, planComposeSecrets } from "../../src/compose/plan-compose-secrets.ts";
import { renderComposeFiles } from "../../src/compose/render-files.ts";
import { type Platform, readPlatform } from "../../src/platform.ts";
import type { Files } from "../../src/scope.ts";
import schema from "./compose-spec.json" with { type: "json" };

const root = resolve(import.meta.dirname, "../../..");
const apps = [
  ...serviceCatalogue.flatMap(({ apiAppId, workerAppId }) => [apiAppId, workerAppId]),
  gatewayEntry.apiAppId,
];

let platform: Platform;
let files: Files;
let services: Readonly<Record<string, ComposeService>>;
const servicesOf = (given: Files) =>
  (parse(given["compose.yaml"] ?? "", { merge: true }) as { services: Record<string, ComposeService> }).services;
beforeAll(async () => {
  platform = await readPlatform();
  files = renderComposeFiles(platform);
  services = servicesOf(files);
}, 60_000);

const named = (name: string): ComposeService => {
  const service = services[name];
  if (!service) throw new TypeError(`no service ${name}`);
  return service;
};

describe("compose.yaml", () => {
  it("and deploy/ are what the catalogue says (else: npm run compose:generate)", async () => {
    expect(await readComposeFiles()).toEqual(files);
  });

  it("keeps to the Compose Specification", () => {
    // Its "format"s are Docker's own.
    const validate = new Ajv2020({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
    expect(validate(parse(files["compose.yaml"] ?? "", { merge: true })), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ services: { order: { image: "x", imagee: "y" } } })).toBe(false);
  });

  it("runs both binaries of every context and the door, each with a sidecar in its own network", () => {
    for (const app of apps) {
      expect(named(app).image, app).toContain("/tandem/");
      expect(named(`${app}-dapr`).network_mode).toBe(`service:${app}`);
      expect(named(`${app}-dapr`).command).toEqual(
        expect.arrayContaining(["--app-id", app, "--enable-app-health-check"]),
      );
    }
  });

  it("starts a context only when its migration is through, and a migration only when Postgres is well", () => {
    for (const { context, apiAppId, workerAppId } of serviceCatalogue) {
      for (const app of [apiAppId, workerAppId]) {
        expect(named(app).depends_on).toEqual({
          [`${context}-migrate`]: { condition: "service_completed_successfully" },
        });
      }
      expect(named(`${context}-migrate`).depends_on).toEqual({ postgres: { condition: "service_healthy" } });
      expect(named(`${context}-migrate`).command).toEqual(["/app/bin/migrate", "up"]);
    }
  });

  it("a context more in the catalogue is five services more", () => {
    const [first] = platform.contexts;
    if (!first) throw new TypeError("no context");
    const more = { ...first, context: "returns", number: 13, apiAppId: "returns", workerAppId: "returns-worker" };
    const after = servicesOf(renderComposeFiles({ ...platform, contexts: [...platform.contexts, more] }));
    expect(
      Object.keys(after)
        .filter((name) => !(name in services))
        .toSorted(),
    ).toEqual(["returns", "returns-dapr", "returns-migrate", "returns-worker", "returns-worker-dapr"]);
  });

  it("lets the world in by the door and pages only, and only from this machine", () => {
    const published = Object.entries(services).flatMap(([name, { ports = [] }]) =>
      ports.map((port) => [name, port] as const),
    );
    expect(published.map(([name]) => name).toSorted()).toEqual([
      "gateway",
      "gateway",
      "grafana",
      "jaeger",
      "local-inbox",
      "prometheus",
    ]);
    for (const [name, port] of published) expect(port, name).toMatch(/^127\.0\.0\.1:/);
  });

  it("gives our containers no root file system to write to, no capability, and a bound of memory to all", () => {
    for (const [name, service] of Object.entries(services)) {
      expect(service.mem_limit, name).toMatch(/^\d+[mg]$/);
      if (!service.image.includes("/tandem/") && !service.image.includes("daprd")) continue;
      expect(service, name).toMatchObject({
        read_only: true,
        cap_drop: ["ALL"],
        security_opt: ["no-new-privileges:true"],
      });
    }
  });

  it("checks the health of every binary, of Postgres, the broker and the engine", () => {
    for (const name of [...apps, "postgres", "redis", "opensearch"])
      expect(named(name).healthcheck, name).toBeDefined();
  });

  it("keeps what is watching and the engine behind profiles", () => {
    const profiles = Object.fromEntries(
      Object.entries(services).flatMap(([name, service]) => (service.profiles ? [[name, service.profiles]] : [])),
    );
    expect(profiles).toEqual({
      opensearch: ["search"],
      "otel-collector": ["observability"],
      jaeger: ["observability"],
      prometheus: ["observability"],
      grafana: ["observability"],
    });
  });

  it("mounts only what is there", async () => {
    const mounted = Object.values(services).flatMap(({ volumes = [] }) =>
      volumes.map((volume) => volume.split(":")[0] ?? "").filter((source) => source.startsWith("./")),
    );
    expect(new Set(mounted).size).toBeGreaterThan(5);
    for (const path of new Set(mounted)) await expect(access(resolve(root, path)), path).resolves.toBeUndefined();
  });
});

describe("secrets of compose.yaml", () => {
  it("every file that a service reads is made, and none stands in compose.yaml", () => {
    const values = planComposeSecrets(platform, {});
    const made = envFilesOf(values);
    const read = new Set(Object.values(services).flatMap(({ env_file = [] }) => env_file));
    expect([...read].toSorted()).toEqual(
      Object.keys(made)
        .map((name) => `.compose/${name}.env`)
        .toSorted(),
    );
    const secrets = Object.values(made).flatMap((variables) => Object.values(variables));
    for (const secret of secrets) {
      expect(secret).not.toBe("");
      // One line, without what an env file would take for a quote, a comment or a variable.
      expect(secret).not.toMatch(/[\n'#$\\]/);
      if (secret !== "redis:6379") expect(files["compose.yaml"]).not.toContain(secret);
    }
  });

  it("made again they stay, and what a new context needs is added", () => {
    const before = planComposeSecrets(platform, {});
    expect(planComposeSecrets(platform, before)).toEqual(before);
    const { "tandem/order": gone, ...rest } = before;
    const after = planComposeSecrets(platform, rest);
    expect(gone).toBeDefined();
    expect(Object.keys(after["tandem/order"] ?? {})).toEqual(Object.keys(gone ?? {}));
    expect(after["tandem/order"]?.["DATABASE_URL"]).toBe(after["tandem/order-migrate"]?.["DATABASE_URL"]);
  });

  it("API, worker and migration of a context share one user of the database, at the container's address", () => {
    const values = planComposeSecrets(platform, {});
    const url = values["tandem/order"]?.["DATABASE_URL"] ?? "";
    expect(new URL(url)).toMatchObject({ username: "order_svc", host: "postgres:5432", pathname: "/order_db" });
    expect(values["tandem/order-worker"]?.["DATABASE_URL"]).toBe(url);
    expect(values["tandem/order-migrate"]).toMatchObject({
      DATABASE_URL: url,
      ADMIN_DATABASE_URL: expect.stringContaining("postgres://postgres:"),
    });
  });
});
