// The layers of DESIGN section 2, for `npm run layers`. tools/layers.test.ts plants a violation of each rule and expects it to bite.
// Paths are relative to the folder that is cruised, so that the test can cruise a planted tree with this very file.
const { readdirSync, readFileSync, existsSync } = require("node:fs");

/** What the workspace packages declare: the layering of packages is what their package.json say. */
const declared = ["packages", "services"].flatMap((group) =>
  (existsSync(group) ? readdirSync(group) : [])
    .filter((name) => existsSync(`${group}/${name}/package.json`))
    .map((name) => {
      const manifest = JSON.parse(readFileSync(`${group}/${name}/package.json`, "utf8"));
      return {
        folder: `${group}/${name}`,
        name: manifest.name,
        dependencies: Object.keys(manifest.dependencies ?? {}),
      };
    }),
);
const folderOf = new Map(declared.map(({ name, folder }) => [name, folder]));

/** One rule per workspace package: it reaches only those that it declares. knip does the same for packages from npm. */
const onlyDeclared = declared.map(({ folder, dependencies }) => {
  const reachable = [folder, ...dependencies.flatMap((name) => folderOf.get(name) ?? [])];
  return {
    name: "only-declared-packages",
    comment: "its package.json does not declare the package",
    severity: "error",
    from: { path: `^${folder}/src/` },
    to: { path: "^(packages|services)/", pathNot: `^(${reachable.join("|")})/` },
  };
});

/** The same service's own layers: $1 is the service that the importing file is in. */
const own = (layers) => `^services/$1/src/(${layers})(/|[.]ts$)`;
const from = (layers) => ({ path: `^services/([^/]+)/src/(?:${layers})/` });
const forbid = (name, comment, fromRule, to) => ({ name, comment, severity: "error", from: fromRule, to });

module.exports = {
  forbidden: [
    forbid(
      "no-circular",
      "a cycle of modules cannot be read, tested or started in parts",
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    ),
    forbid("not-resolvable", "the file or package is not there", {}, { couldNotResolve: true }),

    // Inside a service: model <- biz <- {data, client, events, service, worker} <- composition roots.
    forbid("model-is-pure", "model imports its own files and kernel, nothing else: no npm, no Node", from("model"), {
      pathNot: [own("model"), "^packages/kernel/"],
    }),
    forbid("biz-imports-inward", "biz imports model, its own files (ports.ts) and kernel", from("biz"), {
      pathNot: [own("model|biz"), "^packages/kernel/"],
    }),
    forbid("events-translate-only", "events translates between proto and model", from("events"), {
      path: own("data|client|service|server|worker|config|api|migrate"),
    }),
    forbid(
      "saga-imports-inward",
      "a saga is a table of states: it knows model and use cases, no adapter",
      from("saga"),
      {
        path: own("data|client|events|service|server|worker|config|api|migrate"),
      },
    ),
    forbid("data-imports-inward", "data implements ports; it does not know who calls", from("data"), {
      path: own("client|service|server|worker|config|api|migrate"),
    }),
    forbid("client-imports-inward", "client implements ports over other services' contracts", from("client"), {
      path: own("data|service|server|worker|config|api|migrate"),
    }),
    forbid(
      "service-imports-inward",
      "handlers call use cases; repositories and clients are handed to these",
      from("service"),
      {
        path: own("data|client|server|config|api|migrate"),
      },
    ),
    // Files right in src/worker wire the worker, as src/server wires the API; its folders hold consumers, jobs and the outbox.
    forbid(
      "worker-imports-inward",
      "consumers and jobs call use cases; repositories and clients are handed to these",
      { path: "^services/([^/]+)/src/worker/[^/]+/" },
      {
        path: own("data|client|server|config|api|migrate"),
      },
    ),
    forbid("service-and-worker-never-meet", "what both need is a use case in biz", from("service|server"), {
      path: own("worker"),
    }),
    forbid("worker-and-service-never-meet", "what both need is a use case in biz", from("worker"), {
      path: own("service|server"),
    }),
    forbid("config-stands-alone", "config reads the environment and nothing of the service", from("config"), {
      path: own("model|biz|data|client|events|service|server|worker|api|migrate"),
    }),
    forbid(
      "composition-roots-are-roots",
      "api.ts, worker.ts and migrate.ts are started, not imported",
      { path: "^services/[^/]+/src/" },
      {
        path: "^services/[^/]+/src/(api|worker|migrate)[.]ts$",
      },
    ),
    forbid(
      "only-roots-import-chassis",
      "the chassis wires; what it wires does not know it",
      {
        path: "^(packages|services)/",
        pathNot: [
          "^packages/(chassis|cli|testkit)/",
          "^services/[^/]+/(src/(server|config)/|src/worker/[^/]+[.]ts$|src/(api|worker|migrate)[.]ts$|test/)",
        ],
      },
      {
        path: "^packages/chassis/",
      },
    ),

    // Between services and packages.
    forbid(
      "services-meet-in-contracts",
      "a service never imports another: RPC and events are in @tandem/contracts",
      { path: "^services/([^/]+)/" },
      {
        path: "^services/",
        pathNot: "^services/$1/",
      },
    ),
    forbid(
      "packages-know-no-service",
      "the platform does not know who stands on it; the cli starts them",
      { path: "^packages/", pathNot: "^packages/cli/" },
      { path: "^services/" },
    ),
    forbid(
      "no-tools-in-the-product",
      "tools, bench, e2e, load and charts use the product, never the other way round",
      { path: "^(packages|services)/[^/]+/src/" },
      { path: "^(tools|bench|e2e|load|charts)/" },
    ),
    forbid(
      "source-imports-no-test",
      "nor the kit that tests are made with",
      { path: "^(packages|services)/[^/]+/src/", pathNot: "^packages/testkit/" },
      {
        path: ["^(packages|services)/[^/]+/test/", "^packages/testkit/", "(^|/)node_modules/(vitest|fast-check)/"],
      },
    ),
    ...onlyDeclared,

    // Single packages.
    forbid(
      "kernel-stands-alone",
      "kernel has no dependencies; node:crypto makes its ids",
      { path: "^packages/kernel/src/" },
      {
        pathNot: ["^packages/kernel/src/", "^(node:)?crypto$"],
      },
    ),
    forbid(
      "transcoding-and-reflection-are-general",
      "others use them alone: nothing of @tandem",
      { path: "^packages/(transcoding|reflection)/src/" },
      {
        path: "^(packages|services)/",
        pathNot: "^packages/$1/",
      },
    ),
    forbid(
      "only-dapr-and-sidecar-know-dapr",
      "services see @tandem/dapr's own surface, never Dapr's protos or SDK",
      { pathNot: "^packages/(dapr|sidecar)/" },
      {
        path: ["^packages/dapr/src/gen/", "(^|/)node_modules/@dapr/"],
      },
    ),
    forbid(
      "generated-contracts-behind-their-door",
      "import @tandem/contracts or one of its subpaths",
      { pathNot: "^packages/contracts/" },
      { path: "^packages/contracts/src/gen/" },
    ),
  ],
  options: {
    doNotFollow: { path: "(^|/)node_modules/" },
    exclude: { path: "(^|/)(dist|coverage|[.]tools|[.]tandem)/" },
    // Types are dependencies too: a use case that names a repository's type knows the repository.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      mainFields: ["main", "types"],
    },
  },
};
