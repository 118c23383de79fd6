import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { daprAnnotationNames } from "../src/policies/dapr.ts";
import { allEnvironments, objectsOf } from "./fixtures.ts";

/** The injector's own list, where Go has fetched it: `npm run tools` does, to build daprd. */
const readInjector = (): string | undefined => {
  const gopath = process.env["GOPATH"] ?? join(homedir(), "go");
  const file = join(gopath, "pkg/mod/github.com/dapr/dapr@v1.18.3/pkg/injector/annotations/annotations.go");
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
};

const injector = readInjector();

describe("the sidecar's annotations", () => {
  it.skipIf(injector === undefined)(
    "are all known to the injector of Dapr 1.18.3, which ignores others silently",
    () => {
      const known = [...(injector ?? "").matchAll(/"(dapr\.io\/[a-z0-9-]+)"/g)].map(([, name]) => name);
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
