import { parseArgs } from "node:util";
import { exitWith, type Programs, programs } from "./programs.ts";

/** As in every other environment: k8s/argocd/<environment>/apps/dapr.yaml. */
const CHART = { repository: "https://dapr.github.io/helm-charts/", version: "1.18.3" };
const NAMESPACE = "dapr-system";
const values = [
  "global.ha.enabled=false",
  "global.logAsJson=true",
  // Pod Security `restricted` refuses injected pods otherwise.
  "dapr_sidecar_injector.sidecarDropALLCapabilities=true",
  // Pods that came up without a sidecar while the injector was busy are made again.
  "dapr_operator.watchInterval=1m",
  "dapr_rbac.secretReader.enabled=false",
  "dapr_scheduler.cluster.inMemoryStorage=true",
];

const help = `node tools/bootstrap.mjs tilt/src/ensure-dapr.ts --context kind-tandem [--expect]

Dapr's control plane: left alone when it is there, installed with helm (${CHART.version}) when it is not. Then waits for it:
a pod that is made before the injector is ready comes up without a sidecar, and without a word.

  --expect  install nothing: wait five minutes for somebody else to
`;

export interface EnsureOptions {
  readonly context: string;
  readonly expect: boolean;
  readonly say: (line: string) => void;
}

export const ensureDapr = async ({ read, run }: Programs, { context, expect, say }: EnsureOptions): Promise<void> => {
  const kubectl = ["--context", context, "-n", NAMESPACE];
  const names = async (): Promise<readonly string[]> =>
    (await read("kubectl", [...kubectl, "get", "deployments", "-o", "name"])).split("\n").filter((line) => line !== "");
  const injector = "deployment.apps/dapr-sidecar-injector";
  if ((await names()).includes(injector)) say("Dapr is there");
  else if (expect) {
    say("waiting for somebody to install Dapr");
    await run("kubectl", [...kubectl, "wait", "--for=create", injector, "--timeout=300s"]);
  } else {
    say(`installing Dapr ${CHART.version}`);
    const chart = ["upgrade", "--install", "dapr", "dapr", "--repo", CHART.repository, "--version", CHART.version];
    const place = [
      "--kube-context",
      context,
      "--namespace",
      NAMESPACE,
      "--create-namespace",
      "--wait",
      "--timeout",
      "5m",
    ];
    await run("helm", [...chart, ...place, ...values.flatMap((value) => ["--set", value])]);
  }
  for (const name of await names()) await run("kubectl", [...kubectl, "rollout", "status", name, "--timeout=300s"]);
  const crds = ["components", "configurations", "resiliencies", "subscriptions"].map((kind) => `crd/${kind}.dapr.io`);
  await run("kubectl", ["--context", context, "wait", "--for=condition=Established", ...crds, "--timeout=60s"]);
};

if (import.meta.main)
  await exitWith(async () => {
    const { values: given } = parseArgs({
      options: { context: { type: "string" }, expect: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    });
    if (given.help === true || given.context === undefined) return void process.stdout.write(help);
    const say = (line: string) => void process.stdout.write(`${line}\n`);
    await ensureDapr(programs, { context: given.context, expect: given.expect === true, say });
  });
