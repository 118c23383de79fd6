import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { renderMultiApp } from "../src/dapr/render-multi-app.ts";
import { contextsToRun, planGateway, planPlatform } from "../src/platform-plan.ts";

const common = {
  offset: 0,
  logLevel: "info",
};
const plan = (over: Partial<Parameters<typeof planPlatform>[0]> = {}) =>
  planPlatform({ ...common, databaseUrlOf: ({ database }) => `postgres://localhost/${database}`, ...over });
const gateway = planGateway(common);

describe("the plan of a platform", () => {
  it("runs every context, and no port twice", () => {
    const binaries = [...plan().flatMap(({ api, worker }) => [api, worker]), gateway];
    const ports = binaries.flatMap((one) => Object.values(one.ports));
    expect(plan().length).toBeGreaterThanOrEqual(5);
    expect(new Set(ports).size).toBe(ports.length);
  });

  it("adds what a context calls to --only, and auth, and names the contexts when there is no such one", () => {
    expect(contextsToRun(["order"]).map(({ context }) => context)).toContain("pricing");
    expect(contextsToRun(["catalog"]).map(({ context }) => context)).toEqual(["catalog", "auth"]);
    expect(() => contextsToRun(["orders"])).toThrow(/no context "orders".*order, payment/);
  });

  it("gives each binary its own database, and the port offset to every port", () => {
    const [order] = plan();
    const [beside] = plan({ offset: 600 });
    expect(order?.api.env["DATABASE_URL"]).toBe("postgres://localhost/order_db");
    for (const use of Object.keys(order?.worker.ports ?? {})) {
      expect(beside?.worker.ports[use]).toBe((order?.worker.ports[use] ?? 0) + 600);
    }
  });

  it("has one door, without database, on the ports of the design", () => {
    expect(gateway.ports).toMatchObject({ REST: 8080, gRPC: 9080, "sidecar HTTP": 3580, "sidecar gRPC": 3680 });
    expect(gateway.env["DATABASE_URL"]).toBeUndefined();
  });

  it("becomes a run file in which every sidecar watches its app's health", () => {
    const text = renderMultiApp({
      contexts: plan(),
      gateway,
      offset: 0,
      root: "/repo",
      node: "/node",
      resourcesDir: "/repo/components/local",
      configFile: "/repo/configuration.yaml",
    });
    const { apps } = parse(text) as { apps: { appID: string; appPort: number; enableAppHealthCheck: boolean }[] };
    expect(apps).toHaveLength(plan().length * 2 + 1);
    expect(apps.every(({ enableAppHealthCheck }) => enableAppHealthCheck)).toBe(true);
    expect(apps.find(({ appID }) => appID === "order-worker")?.appPort).toBe(5001);
  });
});
