import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { daprAnnotationNames } from "../src/policies/dapr.ts";
import { allEnvironments, objectsOf } from "./fixtures.ts";

type Injector = { readonly version: string; readonly source: string };

/** The injector's own list, from the module that our daprd is built from. Go fetches it where only the built daprd is there. */
const readInjector = (): Injector | { readonly missing: string } => {
  try {
    const answer = execFileSync("go", ["mod", "download", "-json", "github.com/dapr/dapr"], {
      cwd: join(import.meta.dirname, "../../tools/daprd"),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { Version: version, Dir: folder } = JSON.parse(answer) as { readonly Version: string; readonly Dir: string };
    return { version, source: readFileSync(join(folder, "pkg/injector/annotations/annotations.go"), "utf8") };
  } catch (error) {
    return { missing: error instanceof Error ? (error.message.split("\n", 1)[0] ?? "") : String(error) };
  }
};

const injector = readInjector();
const isKnown = (found: typeof injector): found is Injector => "source" in found;

describe("the sidecar's annotations", () => {
  it.skipIf(!isKnown(injector) && process.env["CI"] !== "true")(
    "are all known to the injector of the Dapr that we build, which ignores others silently",
    () => {
      if (!isKnown(injector)) return expect.fail(`with CI=true this may not be skipped: ${injector.missing}`);
      // The one that clusters get.
      const charts = allEnvironments.flatMap(({ gitops }) => gitops.daprChart?.version ?? []);
      expect(new Set(charts)).toEqual(new Set([injector.version.slice(1)]));
      const known = [...injector.source.matchAll(/"(dapr\.io\/[a-z0-9-]+)"/g)].map(([, name]) => name);
      expect(known.length).toBeGreaterThan(40);
      expect(daprAnnotationNames.filter((name) => !known.includes(name))).toEqual([]);
    },
  );

  it.each(allEnvironments)("are the same set for every API, and for every worker, of $name", (environment) => {
    const sets = (component: string) =>
      objectsOf(environment)
        .map(({ manifest }) => manifest)
        .filter(({ kind, metadata }) => kind === "Deployment" && metadata.namespace === environment.namespace)
        .filter(({ metadata }) => metadata.labels?.["app.kubernetes.io/component"] === component)
        .map((manifest) => Object.keys(manifest["spec"].template.metadata.annotations))
        .map((names) =>
          names
            .filter((name) => name !== "dapr.io/max-body-size")
            .sort()
            .join(),
        );
    expect(new Set(sets("api")).size).toBe(1);
    expect(new Set(sets("worker")).size).toBe(1);
  });

  it.each(allEnvironments)("let every worker verify its sidecar, in $name", (environment) => {
    const workers = objectsOf(environment)
      .map(({ manifest }) => manifest)
      .filter(({ kind, metadata }) => kind === "Deployment" && metadata.name.includes("-worker"));
    expect(workers.length).toBeGreaterThan(0);
    for (const worker of workers) {
      const { annotations } = worker["spec"].template.metadata;
      expect(annotations["dapr.io/app-token-secret"]).toBe("app-api-token");
      expect(annotations["dapr.io/app-port"]).toBe("5005");
      expect(annotations["dapr.io/app-protocol"]).toBe("grpc");
    }
  });
});
