import { environments } from "../../charts/src/environments/index.ts";

/** A command of a stage; the first that fails ends it. */
export type Command = readonly [string, ...string[]];

export interface Stage {
  readonly what: string;
  /** From the environment of the process, which a workflow sets. @throws Error for a setting that is missing or wrong */
  readonly commands: (env: Readonly<Record<string, string | undefined>>) => readonly Command[];
}

const npm = (script: string, ...args: readonly string[]): Command => [
  "npm",
  "run",
  "--silent",
  script,
  ...(args.length === 0 ? [] : ["--", ...args]),
];
const verify = (...only: readonly string[]): readonly Command[] => [npm("verify", "--only", only.join(","))];

const required = (env: Readonly<Record<string, string | undefined>>, name: string, form: RegExp): string => {
  const value = env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set`);
  // It becomes an argument of git, docker or npm: nothing that begins with "-" or leaves the folder.
  if (!form.test(value)) throw new Error(`${name} must be like ${form}: "${value}"`);
  return value;
};

const digests = "digests.json";

/** Writes the versions, commits them and what becomes of them, and pushes: that is the deployment. */
const promotion = (environment: string, from: string, services: readonly string[]): readonly Command[] => {
  const paths = [`charts/images/${environment}.json`, `k8s/${environment}`, `k8s/argocd/${environment}`];
  const only = services.length === 0 ? [] : ["--service", services.join(",")];
  return [
    npm("promote", "--environment", environment, "--from", from, ...only),
    npm("k8s:verify", "--environment", environment),
    [process.execPath, "tools/ci/commit-and-push.ts", `Promote ${from} to ${environment}`, ...paths],
  ];
};

const name = /^[a-z][a-z0-9-]*$/;

/** What the workflows run, each by `npm run ci:<stage>`, here as there. */
export const stages: Readonly<Record<string, Stage>> = {
  lint: {
    what: "formatting, types, layers, dead code",
    commands: () => verify("lint", "types", "layers", "deadcode"),
  },
  generated: {
    what: "what is generated is what stands here: protos, components, manifests",
    commands: () => [...verify("proto", "synth"), npm("components", "--check")],
  },
  migrations: {
    what: "migrations can run beside the release before",
    commands: () => verify("migrations"),
  },
  manifests: {
    what: "schemas, Pod Security, kube-score, what Argo CD would refuse",
    commands: () => verify("k8s"),
  },
  test: { what: "all tests", commands: () => [npm("test")] },
  images: {
    what: "builds all images; with PUBLISH=true pushes them as IMAGE_TAG and writes digests.json",
    commands: (env) => {
      const tag = env["IMAGE_TAG"] === undefined ? "dev" : required(env, "IMAGE_TAG", /^\w[\w.-]{0,62}$/);
      if (env["PUBLISH"] !== "true") return [npm("image", "all", "--tag", tag)];
      const { registry } = environments.staging;
      return [npm("image", "all", "--registry", registry, "--tag", tag, "--push", "--output", digests)];
    },
  },
  outputs: {
    what: "hands digests.json to later jobs",
    commands: () => [[process.execPath, "tools/ci/digests.ts", "publish"]],
  },
  sbom: {
    what: "the SBOM of SERVICE, dist/<service>/sbom.cdx.json, as it is in the image",
    commands: (env) => [npm("bundle", required(env, "SERVICE", name))],
  },
  deploy: {
    what: "commits digests.json (or DIGESTS, of another job) as what staging runs, and pushes",
    commands: (env) => [
      ...(env["DIGESTS"] === undefined ? [] : [[process.execPath, "tools/ci/digests.ts", "receive"] satisfies Command]),
      ...promotion("staging", digests, []),
    ],
  },
  promote: {
    what: "commits what PROMOTE_FROM runs, of PROMOTE_SERVICES or all, as what PROMOTE_TO runs, and pushes",
    commands: (env) => {
      const services = (env["PROMOTE_SERVICES"] ?? "").split(",").filter((service) => service !== "");
      for (const service of services) required({ PROMOTE_SERVICES: service }, "PROMOTE_SERVICES", name);
      return promotion(required(env, "PROMOTE_TO", name), required(env, "PROMOTE_FROM", name), services);
    },
  },
};
