import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

export interface Cruise {
  readonly moduleCount: number;
  readonly dependencyCount: number;
  /** One line each: `rule: from -> to (why)`. */
  readonly problems: readonly string[];
}

interface Report {
  readonly summary: {
    readonly totalCruised: number;
    readonly totalDependenciesCruised?: number;
    readonly violations: readonly Violation[];
    readonly ruleSetUsed?: { readonly forbidden?: readonly { readonly name: string; readonly comment?: string }[] };
  };
}

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
  readonly cycle?: readonly { readonly name: string }[];
}

const checkout = resolve(import.meta.dirname, "../..");
const folders = ["packages", "services", "bench", "e2e", "charts", "tools"];

/**
 * Cruises the tree below `root` by the rules of this checkout. Zero TypeScript modules count as a failure: that is what a
 * missing or too new `typescript` looks like (7 has no API for dependency-cruiser), and it would pass every rule.
 * @throws Error when dependency-cruiser itself fails
 */
export const cruiseModules = (root: string): Cruise => {
  const command = join(checkout, "node_modules/.bin/depcruise");
  const targets = folders.filter((folder) => existsSync(join(root, folder)));
  const args = ["--config", join(checkout, ".dependency-cruiser.cjs"), "--output-type", "json", ...targets];
  const { summary } = JSON.parse(
    execFileSync(command, args, { cwd: root, encoding: "utf8", maxBuffer: 256 * 1024 * 1024 }),
  ) as Report;
  const why = new Map(summary.ruleSetUsed?.forbidden?.map(({ name, comment }) => [name, comment]));
  const problems = summary.violations.map(({ rule, from, to, cycle }) => {
    const path = cycle === undefined ? to : cycle.map(({ name }) => name).join(" -> ");
    return `${rule.name}: ${from} -> ${path} (${why.get(rule.name) ?? "see .dependency-cruiser.cjs"})`;
  });
  if (summary.totalCruised === 0)
    problems.push("no module was cruised: dependency-cruiser cannot read TypeScript here");
  return { moduleCount: summary.totalCruised, dependencyCount: summary.totalDependenciesCruised ?? 0, problems };
};
