import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { SecretValues } from "../secrets/plan-secrets.ts";

const help = `npm run compose:secrets

Makes the random secrets of compose.yaml: one file of environment variables for each binary in .compose/, which git ignores. What is there
already stays; run it again after a context was added. To begin anew, remove .compose/ and the volumes (compose down -v) together.
`;

const folder = resolve(import.meta.dirname, "../../../.compose");
const STORE = "secrets.json";

const main = async (): Promise<void> => {
  // Every service is behind these: --help does not wait for them.
  const [{ readPlatform }, { envFilesOf, planComposeSecrets }] = await Promise.all([
    import("../platform.ts"),
    import("./plan-compose-secrets.ts"),
  ]);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const text = await readFile(join(folder, STORE), "utf8").catch(() => "{}");
  const values = planComposeSecrets(await readPlatform(), JSON.parse(text) as SecretValues);
  await writeSecret(STORE, JSON.stringify(values, null, 1));
  const files = envFilesOf(values);
  for (const [name, variables] of Object.entries(files)) {
    await writeSecret(
      `${name}.env`,
      Object.entries(variables)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(""),
    );
  }
  process.stdout.write(
    `${(await readdir(folder)).length} files in .compose/, ${Object.keys(files).length} of them for compose.yaml\n`,
  );
};

const writeSecret = async (name: string, content: string): Promise<void> => {
  await writeFile(join(folder, name), content, { mode: 0o600 });
  await chmod(join(folder, name), 0o600);
};

if (import.meta.main) {
  if (process.argv.includes("--help") || process.argv.includes("-h")) process.stdout.write(help);
  else await main();
}
