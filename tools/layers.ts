import { parseArgs } from "node:util";
import { checkEnvironmentReaders } from "./layers/check-environment-readers.ts";
import { checkPackageGraph } from "./layers/check-package-graph.ts";
import { cruiseModules } from "./layers/cruise-modules.ts";

const help = `npm run layers

Checks that dependencies point where DESIGN section 2 says: every import of every module (dependency-cruiser, rules in
.dependency-cruiser.cjs), the graph of packages (no cycle), and who reads the environment.
`;

const main = (): number => {
  const { values } = parseArgs({ options: { help: { type: "boolean", short: "h" } } });
  if (values.help === true) {
    process.stdout.write(help);
    return 0;
  }
  const root = process.cwd();
  const cruise = cruiseModules(root);
  const problems = [...cruise.problems, ...checkPackageGraph(root), ...checkEnvironmentReaders(root)];
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  const verdict = problems.length === 0 ? "no violation" : `${problems.length} violations`;
  process.stdout.write(`${cruise.moduleCount} modules, ${cruise.dependencyCount} imports: ${verdict}\n`);
  return problems.length === 0 ? 0 : 1;
};

process.exitCode = main();
