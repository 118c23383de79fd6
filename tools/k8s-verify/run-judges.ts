import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { requireTool } from "@tandem/toolchain";
import { runCommand } from "../run-command.ts";
import { writeCrdSchemas } from "./crd-schemas.ts";
import type { Finding } from "./finding.ts";
import { ignoredChecks } from "./ignored-checks.ts";

const crds = resolve(import.meta.dirname, "../../charts/crds");

/**
 * What kubeconform, Pod Security admission (`restricted`) and kube-score find in the files, judged together.
 * @throws Error when a file cannot be read, ToolMissingError without `npm run tools -- --only k8s-gates`
 */
export const runJudges = async (files: readonly string[]): Promise<readonly Finding[]> => {
  const { path } = requireTool("k8s-gates");
  const work = mkdtempSync(join(tmpdir(), "tandem-crd-schemas-"));
  try {
    writeCrdSchemas(crds, work);
    const schemas = [join(dirname(path), "../lib/k8s-schemas"), work].join(",");
    const options = ["--schemas", schemas, "--level", "restricted"];
    const ignored = ["--score-ignore", Object.keys(ignoredChecks).join(",")];
    const { code, output } = await runCommand(path, [...options, ...ignored, ...files], { onLine: () => {} });
    if (code !== 0) throw new Error(`k8s-gates failed (exit code ${code}): ${output}`);
    return output
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Finding);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};
