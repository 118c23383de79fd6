import { readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { parseAllDocuments } from "yaml";
import { ensureTools } from "./ensure-tools.ts";
import { checkArgoCd } from "./k8s-verify/check-argocd.ts";
import { environmentFiles, environmentFolders } from "./k8s-verify/environment-files.ts";
import type { Finding, KubernetesObject } from "./k8s-verify/finding.ts";
import { runJudges } from "./k8s-verify/run-judges.ts";
import { elapsed } from "./progress.ts";

const root = resolve(import.meta.dirname, "..");

const help = `npm run k8s:verify [-- --environment local]

Judges what stands in k8s/ and components/ without a cluster, one line for each thing that is wrong:

  schema        unknown fields, wrong types, unknown kinds: Kubernetes 1.36 and the CRDs in charts/crds (kubeconform)
  pod-security  pods that the standard "restricted" refuses (Kubernetes' own evaluator)
  kube-score    critical findings; what is left out, and why: tools/k8s-verify/ignored-checks.ts
  argocd        what its project refuses, objects that two files have, hooks that need what is not there yet

Policies of our own (budgets, probes, scopes ...) are tests: charts/test. Exit code 1 when something is wrong.
`;

const readObjects = (files: readonly string[]): readonly KubernetesObject[] =>
  files.flatMap((file) =>
    parseAllDocuments(readFileSync(file, "utf8"))
      .map((document) => document.toJS() as KubernetesObject | null)
      .filter((object) => object !== null)
      .map((object) => ({ ...object, file })),
  );

const judge = async (environment: string): Promise<readonly Finding[]> => {
  const files = environmentFiles(root, environment);
  return [...(await runJudges(files)), ...checkArgoCd(readObjects(files))];
};

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: { help: { type: "boolean", short: "h" }, environment: { type: "string", multiple: true } },
  });
  if (values.help === true) {
    process.stdout.write(help);
    return 0;
  }
  const [tool] = await ensureTools(["k8s-gates"]);
  if (tool?.found !== true) return 2;
  const environments = values.environment ?? Object.keys(environmentFolders);
  let wrong = 0;
  for (const environment of environments) {
    if (environmentFolders[environment] === undefined) {
      const known = Object.keys(environmentFolders).join(", ");
      throw new Error(`there is no environment "${environment}"; there are ${known}`);
    }
    const began = performance.now();
    const findings = await judge(environment);
    wrong += findings.length;
    for (const { gate, file, object, message } of findings) {
      process.stdout.write(`${gate}: ${relative(root, file)}: ${object}: ${message}\n`);
    }
    const verdict = findings.length === 0 ? "nothing wrong" : `${findings.length} wrong`;
    process.stdout.write(`${environment}: ${verdict}, ${elapsed(performance.now() - began)}\n`);
  }
  return wrong === 0 ? 0 : 1;
};

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 2;
});
