import { globSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { lintMigrations } from "@tandem/postgres";

const help = `npm run migrations:lint

Checks that every migration of packages and services can run while the release before it is serving (expand). What takes
something away on purpose (contract) says so in a comment: -- contract: <reason>.
`;

const root = resolve(import.meta.dirname, "..");

const main = async (): Promise<number> => {
  if (process.argv.includes("--help") || process.argv.includes("-h")) {
    process.stdout.write(help);
    return 0;
  }
  const files = globSync(["packages/*/migrations/*.sql", "services/*/migrations/*.sql"], { cwd: root });
  const folders = [...new Set(files.map((file) => dirname(file)))].sort();
  let count = 0;
  for (const folder of folders) {
    for (const { file, line, rule, message } of await lintMigrations(join(root, folder))) {
      process.stdout.write(`${folder}/${file}:${line} ${rule}: ${message}\n`);
      count += 1;
    }
  }
  process.stdout.write(
    `${folders.length} folders with migrations: ${count === 0 ? "no finding" : `${count} findings`}\n`,
  );
  // None at all means that nobody looked where they are.
  return count === 0 && folders.length > 0 ? 0 : 1;
};

process.exitCode = await main();
