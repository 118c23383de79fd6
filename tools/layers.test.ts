import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkEnvironmentReaders } from "./layers/check-environment-readers.ts";
import { checkPackageGraph } from "./layers/check-package-graph.ts";
import { type Cruise, cruiseModules } from "./layers/cruise-modules.ts";

const ruleNames = (): string[] => {
  const { forbidden } = createRequire(import.meta.url)("../.dependency-cruiser.cjs") as {
    readonly forbidden: readonly { readonly name: string }[];
  };
  return [...new Set(forbidden.map(({ name }) => name))].sort();
};

/** What each workspace package of the planted tree declares. */
const packages: Readonly<Record<string, readonly string[]>> = {
  "packages/kernel": [],
  "packages/contracts": ["@tandem/kernel"],
  "packages/postgres": ["@tandem/kernel"],
  "packages/dapr": ["@tandem/kernel"],
  "packages/sidecar": ["@tandem/dapr"],
  "packages/chassis": ["@tandem/postgres", "@tandem/dapr"],
  "packages/transcoding": [],
  "packages/reflection": [],
  "packages/testkit": ["@tandem/postgres"],
  "packages/cli": ["@tandem/order", "@tandem/postgres"],
  "services/order": ["@tandem/kernel", "@tandem/contracts", "@tandem/postgres", "@tandem/chassis", "@tandem/dapr"],
  "services/payment": ["@tandem/kernel", "@tandem/contracts"],
};

/** Allowed: none of these may be reported. */
const innocent: Readonly<Record<string, readonly string[]>> = {
  "services/order/src/model/order.ts": ["./line.ts", "@tandem/kernel"],
  "services/order/src/model/line.ts": [],
  "services/order/src/biz/ports.ts": ["../model/order.ts"],
  "services/order/src/biz/create-order.ts": ["./ports.ts", "../model/order.ts", "@tandem/kernel"],
  "services/order/src/data/orders.ts": ["../biz/ports.ts", "../events/to-proto.ts", "@tandem/postgres"],
  "services/order/src/client/pricing.ts": ["../biz/ports.ts", "@tandem/contracts"],
  "services/order/src/events/to-proto.ts": ["../model/order.ts", "@tandem/contracts"],
  "services/order/src/service/handlers.ts": ["../biz/create-order.ts", "@tandem/contracts"],
  "services/order/src/worker/event/on-paid.ts": ["../../biz/create-order.ts", "@tandem/contracts"],
  "services/order/src/saga/checkout.ts": ["../model/order.ts", "../biz/ports.ts"],
  "services/order/src/worker/compose-worker.ts": ["../data/orders.ts", "./event/on-paid.ts", "@tandem/chassis"],
  "services/order/src/config/config.ts": ["@tandem/kernel", "@tandem/chassis"],
  "services/order/src/api.ts": ["./config/config.ts", "./data/orders.ts", "./service/handlers.ts", "@tandem/chassis"],
  "services/order/src/worker.ts": ["./data/orders.ts", "./worker/event/on-paid.ts", "@tandem/chassis"],
  "services/order/src/migrate.ts": ["./config/config.ts"],
  "services/order/test/order.test.ts": ["../src/model/order.ts", "@tandem/testkit", "vitest"],
  "services/payment/src/model/payment.ts": ["@tandem/kernel"],
  "packages/kernel/src/ids.ts": ["node:crypto"],
  "packages/contracts/src/order.ts": ["./gen/order_pb.ts"],
  "packages/contracts/src/gen/order_pb.ts": [],
  "packages/dapr/src/publisher.ts": ["./gen/dapr_pb.ts", "@dapr/dapr"],
  "packages/dapr/src/gen/dapr_pb.ts": [],
  "packages/sidecar/src/serve.ts": ["../../dapr/src/gen/dapr_pb.ts"],
  "packages/testkit/src/database.ts": ["vitest", "@tandem/postgres"],
  "packages/cli/src/main.ts": ["@tandem/order/api"],
  // The other half of a planted circle, which is reported once, at its first file.
  "packages/postgres/src/circle-b.ts": ["./circle-a.ts"],
  "tools/verify.ts": [],
};

/** Planted: each file must be reported under exactly these rules. */
const guilty: Readonly<Record<string, { readonly imports: readonly string[]; readonly rules: readonly string[] }>> = {
  "services/order/src/model/reads-a-file.ts": { imports: ["node:fs"], rules: ["model-is-pure"] },
  "services/order/src/model/asks-a-use-case.ts": { imports: ["../biz/ports.ts"], rules: ["model-is-pure"] },
  "services/order/src/model/uses-npm.ts": { imports: ["vitest"], rules: ["model-is-pure", "source-imports-no-test"] },
  "services/order/src/biz/knows-proto.ts": { imports: ["@tandem/contracts"], rules: ["biz-imports-inward"] },
  "services/order/src/biz/knows-data.ts": { imports: ["../data/orders.ts"], rules: ["biz-imports-inward"] },
  "services/order/src/biz/knows-postgres.ts": { imports: ["@tandem/postgres"], rules: ["biz-imports-inward"] },
  "services/order/src/events/loads.ts": { imports: ["../data/orders.ts"], rules: ["events-translate-only"] },
  "services/order/src/saga/knows-proto.ts": { imports: ["../events/to-proto.ts"], rules: ["saga-imports-inward"] },
  "services/order/src/data/knows-handlers.ts": { imports: ["../service/handlers.ts"], rules: ["data-imports-inward"] },
  "services/order/src/data/reads-config.ts": { imports: ["../config/config.ts"], rules: ["data-imports-inward"] },
  "services/order/src/client/loads.ts": { imports: ["../data/orders.ts"], rules: ["client-imports-inward"] },
  "services/order/src/service/loads.ts": { imports: ["../data/orders.ts"], rules: ["service-imports-inward"] },
  "services/order/src/service/meets-worker.ts": {
    imports: ["../worker/event/on-paid.ts"],
    rules: ["service-and-worker-never-meet"],
  },
  "services/order/src/worker/cron/loads.ts": { imports: ["../../data/orders.ts"], rules: ["worker-imports-inward"] },
  "services/order/src/worker/event/wires.ts": { imports: ["@tandem/chassis"], rules: ["only-roots-import-chassis"] },
  "services/order/src/worker/event/meets-service.ts": {
    imports: ["../../service/handlers.ts"],
    rules: ["worker-and-service-never-meet"],
  },
  "services/order/src/config/knows-model.ts": { imports: ["../model/order.ts"], rules: ["config-stands-alone"] },
  "services/order/src/server/starts-again.ts": { imports: ["../api.ts"], rules: ["composition-roots-are-roots"] },
  "services/order/src/data/wires.ts": { imports: ["@tandem/chassis"], rules: ["only-roots-import-chassis"] },
  "services/payment/src/data/peeks.ts": {
    imports: ["../../../order/src/data/orders.ts"],
    rules: ["only-declared-packages", "services-meet-in-contracts"],
  },
  "services/payment/src/data/undeclared.ts": { imports: ["@tandem/postgres"], rules: ["only-declared-packages"] },
  "services/payment/src/data/tests-itself.ts": {
    imports: ["@tandem/testkit"],
    rules: ["only-declared-packages", "source-imports-no-test"],
  },
  "services/payment/src/data/builds.ts": {
    imports: ["../../../../tools/verify.ts"],
    rules: ["no-tools-in-the-product"],
  },
  "services/order/src/data/knows-dapr.ts": { imports: ["@dapr/dapr"], rules: ["only-dapr-and-sidecar-know-dapr"] },
  "services/order/src/client/knows-dapr-protos.ts": {
    imports: ["../../../../packages/dapr/src/gen/dapr_pb.ts"],
    rules: ["only-dapr-and-sidecar-know-dapr"],
  },
  "services/order/src/events/by-the-window.ts": {
    imports: ["../../../../packages/contracts/src/gen/order_pb.ts"],
    rules: ["generated-contracts-behind-their-door"],
  },
  "packages/postgres/src/knows-order.ts": {
    imports: ["@tandem/order/api"],
    rules: ["only-declared-packages", "packages-know-no-service"],
  },
  "packages/kernel/src/reads-a-file.ts": { imports: ["node:fs"], rules: ["kernel-stands-alone"] },
  "packages/kernel/src/uses-npm.ts": { imports: ["vitest"], rules: ["kernel-stands-alone", "source-imports-no-test"] },
  "packages/transcoding/src/knows-kernel.ts": {
    imports: ["@tandem/kernel"],
    rules: ["only-declared-packages", "transcoding-and-reflection-are-general"],
  },
  "packages/reflection/src/knows-transcoding.ts": {
    imports: ["@tandem/transcoding"],
    rules: ["only-declared-packages", "transcoding-and-reflection-are-general"],
  },
  "packages/postgres/src/dangling.ts": { imports: ["./not-there.ts"], rules: ["not-resolvable"] },
  "packages/postgres/src/circle-a.ts": { imports: ["./circle-b.ts"], rules: ["no-circular"] },
};

const write = (root: string, file: string, text: string): void => {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
};

const plantTree = (root: string): void => {
  write(root, "tsconfig.json", '{ "compilerOptions": { "module": "nodenext", "allowImportingTsExtensions": true } }');
  for (const [folder, dependencies] of Object.entries(packages)) {
    const name = `@tandem/${folder.split("/")[1]}`;
    const exports = { ".": "./src/index.ts", "./api": "./src/api.ts" };
    write(root, `${folder}/package.json`, JSON.stringify({ name, exports, dependencies: versions(dependencies) }));
    write(root, `${folder}/src/index.ts`, "export const here = true;\n");
    mkdirSync(join(root, "node_modules/@tandem"), { recursive: true });
    symlinkSync(join(root, folder), join(root, "node_modules", name));
  }
  for (const name of ["@dapr/dapr", "vitest"]) {
    write(root, `node_modules/${name}/package.json`, JSON.stringify({ name, main: "index.js" }));
    write(root, `node_modules/${name}/index.js`, "");
  }
  for (const [file, imports] of Object.entries(innocent)) write(root, file, importing(imports));
  for (const [file, { imports }] of Object.entries(guilty)) write(root, file, importing(imports));
};

const versions = (names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, "*"]));

const importing = (imports: readonly string[]): string =>
  `${imports.map((name) => `import "${name}";\n`).join("")}export const here = true;\n`;

describe("the layers", () => {
  let root = "";
  let cruise: Cruise;

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "tandem-layers-"));
    plantTree(root);
    cruise = cruiseModules(root);
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  const reported = (): Record<string, string[]> => {
    const byFile: Record<string, string[]> = {};
    for (const problem of cruise.problems) {
      const [, rule = "?", file = "?"] = /^([^:]+): (\S+) -> /.exec(problem) ?? [];
      byFile[file] = [...new Set([...(byFile[file] ?? []), rule])].sort();
    }
    return byFile;
  };

  it("are broken by every planted violation, under the rule that names it, and by nothing else", () => {
    const expected = Object.fromEntries(Object.entries(guilty).map(([file, { rules }]) => [file, [...rules].sort()]));
    expect(reported()).toEqual(expected);
  });

  it("have a planted violation for each rule", () => {
    const planted = new Set(Object.values(guilty).flatMap(({ rules }) => rules));
    expect(ruleNames().filter((name) => !planted.has(name))).toEqual([]);
  });

  it("are cruised in all modules, TypeScript included", () => {
    expect(cruise.moduleCount).toBeGreaterThanOrEqual(Object.keys(innocent).length + Object.keys(guilty).length);
  });

  it("cannot pass by cruising nothing", () => {
    const empty = mkdtempSync(join(tmpdir(), "tandem-layers-empty-"));
    write(empty, "packages/kernel/README.md", "nothing to cruise");
    write(empty, "tsconfig.json", "{}");
    write(empty, "elsewhere/index.ts", "export const here = true;\n");
    expect(cruiseModules(empty).problems).toEqual([
      "no module was cruised: dependency-cruiser cannot read TypeScript here",
    ]);
    rmSync(empty, { recursive: true, force: true });
  });
});

describe("the graph of packages", () => {
  it("names the packages of a circle that no module shows", () => {
    const root = mkdtempSync(join(tmpdir(), "tandem-graph-"));
    const circle = { a: ["@tandem/b"], b: ["@tandem/c"], c: ["@tandem/a"], d: ["@tandem/a"] };
    for (const [name, dependencies] of Object.entries(circle)) {
      const manifest = { name: `@tandem/${name}`, dependencies: versions(dependencies) };
      write(root, `packages/${name}/package.json`, JSON.stringify(manifest));
    }
    expect(checkPackageGraph(root)).toEqual(["package-cycle: @tandem/a -> @tandem/b -> @tandem/c -> @tandem/a"]);
    rmSync(root, { recursive: true, force: true });
  });
});

describe("the environment", () => {
  it("is read in config and composition roots only, however it is spelled, and comments do not count", () => {
    const root = mkdtempSync(join(tmpdir(), "tandem-env-"));
    write(root, "services/order/src/config/config.ts", "export const a = process.env;\n");
    write(root, "services/order/src/api.ts", "export const a = process.env;\n");
    write(
      root,
      "services/order/src/biz/dot.ts",
      "// process.env is not read here\nexport const a = process.env.HOME;\n",
    );
    write(root, "services/order/src/data/bracket.ts", 'export const a = process["env"];\n');
    write(root, "services/order/src/worker/destructured.ts", "const { env } = process;\nexport const a = env;\n");
    write(root, "packages/rpc/src/imported.ts", 'import { env } from "node:process";\nexport const a = env;\n');
    write(root, "packages/rpc/src/comment.ts", "/**\n * Never process.env.\n */\nexport const a = 1;\n");
    expect(checkEnvironmentReaders(root).map((problem) => problem.split(" ")[1])).toEqual([
      "packages/rpc/src/imported.ts:1",
      "services/order/src/biz/dot.ts:2",
      "services/order/src/data/bracket.ts:1",
      "services/order/src/worker/destructured.ts:1",
    ]);
    rmSync(root, { recursive: true, force: true });
  });
});
