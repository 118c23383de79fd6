import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { parseAllDocuments, stringify } from "yaml";
import { runCommand } from "../../tools/run-command.ts";
import { type CrdSource, crdSources } from "./sources.ts";
import { toErasable } from "./to-erasable.ts";
import { type Crd, trimCrd } from "./trim-crd.ts";

// Ninety megabytes for something that is run when a version changes: not a dependency.
const cli = "cdk8s-cli@2.207.60";

const charts = resolve(import.meta.dirname, "..");
const crdFile = (group: string): string => join(charts, "crds", `${group}.yaml`);

const help = `npm run charts:import [-- --fetch]

Writes charts/imports/<group>.ts, the typed constructs of charts/crds/<group>.yaml, with ${cli} (npx).
  --fetch  first writes charts/crds anew from the Go modules that charts/import/sources.ts pins (needs Go)
`;

const succeed = async (command: string, args: readonly string[]): Promise<string> => {
  const { code, output } = await runCommand(command, args, { cwd: charts, onLine: () => {} });
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} failed (exit code ${code}):\n${output}`);
  return output;
};

const fetchCrds = async (source: CrdSource): Promise<void> => {
  const { group, module, version, folder, files } = source;
  const answer = await succeed("go", ["mod", "download", "-json", `${module}@${version}`]);
  const { Dir } = JSON.parse(answer) as { readonly Dir: string };
  const documents: string[] = [];
  for (const file of files) {
    for (const document of parseAllDocuments(await readFile(join(Dir, folder, file), "utf8"))) {
      const crd = document.toJS() as Crd | null;
      if (crd !== null) documents.push(stringify(trimCrd(crd, source), { lineWidth: 0 }));
    }
  }
  const header = [
    `# ${module}@${version}, ${folder}: ${files.join(", ")}`,
    "# Written by npm run charts:import -- --fetch. For types and checks only, never to be applied: no status, no old versions,",
    "# and not what charts/import/sources.ts drops.",
  ];
  await writeFile(crdFile(group), `${header.join("\n")}\n${documents.map((text) => `---\n${text}`).join("")}`);
};

/** One file per group: of several, cdk8s takes the first and overwrites what it wrote for the others. */
const importTypes = async ({ group }: CrdSource): Promise<void> => {
  const out = await mkdtemp(join(tmpdir(), "tandem-imports-"));
  try {
    const args = ["import", crdFile(group), "--language", "typescript", "--output", out, "--no-save"];
    await succeed("npx", ["--yes", `--package=${cli}`, "--", "cdk8s", ...args]);
    const generated = await readFile(join(out, `${group}.ts`), "utf8");
    await writeFile(join(charts, "imports", `${group}.ts`), toErasable(generated));
  } finally {
    await rm(out, { recursive: true, force: true });
  }
};

const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: { help: { type: "boolean", short: "h" }, fetch: { type: "boolean" } } });
  if (values.help === true) {
    process.stdout.write(help);
    return;
  }
  await mkdir(join(charts, "crds"), { recursive: true });
  await mkdir(join(charts, "imports"), { recursive: true });
  for (const source of crdSources) {
    if (values.fetch === true) await fetchCrds(source);
    await importTypes(source);
    process.stdout.write(`${source.group}: ${source.module} ${source.version}\n`);
  }
};

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
