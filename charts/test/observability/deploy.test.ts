import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { collectorConfig } from "../../src/observability/collector-config.ts";
import { runPromtool, withoutPromtool } from "./run-promtool.ts";

const deploy = resolve(import.meta.dirname, "../../../deploy");
const read = async (path: string): Promise<object> => parse(await readFile(resolve(deploy, path), "utf8")) as object;

describe("deploy/", () => {
  it.skipIf(withoutPromtool)("prometheus.yaml and the rules beside it are accepted by promtool", async () => {
    const { ok, output } = await runPromtool(["check", "config", "prometheus.yaml"], {
      "prometheus.yaml": await read("prometheus/prometheus.yaml"),
      "rules.yaml": await read("prometheus/rules.yaml"),
    });
    expect(ok, output).toBe(true);
    expect(output).toContain("rules found");
  });

  it("otel-collector.yaml names only receivers, processors and exporters that it defines, and uses all of them", async () => {
    for (const config of [await read("otel-collector.yaml"), collectorConfig({ kind: "log" })]) {
      const { service, ...defined } = config as ReturnType<typeof collectorConfig>;
      const { pipelines, extensions } = service;
      for (const part of ["receivers", "processors", "exporters"] as const) {
        const used = Object.values(pipelines).flatMap((pipeline) => pipeline[part]);
        expect([...new Set(used)].toSorted(), part).toEqual(Object.keys(defined[part]).toSorted());
      }
      expect(extensions.toSorted()).toEqual(Object.keys(defined.extensions).toSorted());
      // The limiter has to come first, or what it refuses has been worked on already.
      expect(pipelines.traces.processors[0]).toBe("memory_limiter");
    }
  });
});
