import { gatewayEntry, serviceCatalogue } from "@tandem/contracts";
import { describe, expect, it } from "vitest";
import { dashboardsOf, rulesOf } from "../../src/observability/index.ts";
import inventory from "../../src/observability/metric-inventory.json" with { type: "json" };
import { strangersIn } from "./known-metrics.ts";
import { withoutVariables } from "./read-expression.ts";
import { runPromtool, withoutPromtool } from "./run-promtool.ts";

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}

const platform = { contexts: serviceCatalogue, gateway: gatewayEntry };
const groups = rulesOf(platform);
const all = dashboardsOf(platform).map((one) => ({ ...one, panels: one.panels as readonly Panel[] }));
const expressions = all.flatMap(({ uid, panels }) =>
  panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ where: `${uid} / ${title}`, expr }))),
);

describe("dashboards", () => {
  it("there is one of the platform, one of an order's journey, and one for each context and the door", () => {
    expect(all.map(({ uid }) => uid)).toEqual([
      "tandem-platform",
      "tandem-order-journey",
      ...serviceCatalogue.map(({ context }) => `tandem-${context}`),
      "tandem-gateway",
    ]);
  });

  it("every expression is PromQL and names only metrics and labels that the running binaries have", () => {
    expect(expressions.length).toBeGreaterThan(200);
    const strangers = expressions.flatMap(({ where, expr }) =>
      strangersIn(expr, groups).map((line) => `${where}: ${line}`),
    );
    expect(strangers).toEqual([]);
  });

  it.skipIf(withoutPromtool)("every expression is accepted by promtool", { timeout: 60_000 }, async () => {
    const rules = expressions.map(({ expr }, index) => ({ record: `panel:${index}`, expr: withoutVariables(expr) }));
    const { ok, output } = await runPromtool(["check", "rules", "--lint=none", "panels.yaml"], {
      "panels.yaml": { groups: [{ name: "panels", rules }] },
    });
    expect(ok, output).toBe(true);
  });

  it("a metric that only one context has is on its dashboard without anybody's doing", () => {
    for (const { name, of } of inventory) {
      if (of.includes("api") || of.includes("worker") || of.includes("process")) continue;
      const shown = expressions.filter(({ expr }) => expr.includes(name));
      expect(shown.length, name).toBeGreaterThan(0);
    }
  });

  it("panels lie beside each other and never upon each other, and have numbers of their own", () => {
    for (const { uid, panels } of all) {
      expect(new Set(panels.map(({ id }) => id)).size, uid).toBe(panels.length);
      const taken = new Set<string>();
      for (const {
        gridPos: { x, y, w, h },
        title,
      } of panels) {
        expect(x + w, title).toBeLessThanOrEqual(24);
        for (let column = x; column < x + w; column++) {
          for (let row = y; row < y + h; row++) {
            const cell = `${column}/${row}`;
            expect(taken.has(cell), `${uid} / ${title}`).toBe(false);
            taken.add(cell);
          }
        }
      }
    }
  });
});
