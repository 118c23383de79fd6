import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Files } from "../scope.ts";

const root = resolve(import.meta.dirname, "../../..");
const FOLDER = "deploy";

const help = `npm run compose:generate

Writes compose.yaml and ${FOLDER}/ (Prometheus, rules, Grafana, OpenTelemetry collector, SQL) from the service catalogue. Commit what it writes; a test compares.
`;

/** compose.yaml and deploy/ as they are. */
export const readComposeFiles = async (): Promise<Files> => {
  const entries = await readdir(join(root, FOLDER), { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  return Object.fromEntries(
    await Promise.all(
      ["compose.yaml", ...paths].map(
        async (path) => [path, await readFile(join(root, path), "utf8").catch(() => "")] as const,
      ),
    ),
  );
};

const generate = async (): Promise<void> => {
  // Every service is behind these: --help does not wait for them.
  const [{ readPlatform }, { renderComposeFiles }] = await Promise.all([
    import("../platform.ts"),
    import("./render-files.ts"),
  ]);
  const files = renderComposeFiles(await readPlatform());
  for (const path of Object.keys(await readComposeFiles())) if (!(path in files)) await rm(join(root, path));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  process.stdout.write(`${Object.keys(files).length} files\n`);
};

if (import.meta.main) {
  if (process.argv.includes("--help") || process.argv.includes("-h")) process.stdout.write(help);
  else await generate();
}
