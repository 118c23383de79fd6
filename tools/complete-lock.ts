import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Lock, missingOptionalPackages } from "./lock/missing-optional-packages.ts";

const help = `npm run lock:complete

After \`npm install <package>\`: adds the optional packages for other machines that npm left out of package-lock.json because
the registry did not serve them. Without them \`npm ci\` refuses the lock file. They carry no integrity until an npm install
that is served them adds it.
`;

const main = (): number => {
  if (process.argv.includes("--help") || process.argv.includes("-h")) {
    process.stdout.write(help);
    return 0;
  }
  const file = join(resolve(import.meta.dirname, ".."), "package-lock.json");
  const lock = JSON.parse(readFileSync(file, "utf8")) as Lock;
  const missing = missingOptionalPackages(lock);
  if (Object.keys(missing).length > 0) {
    const packages = Object.fromEntries(
      Object.entries({ ...lock.packages, ...missing }).sort(([a], [b]) => a.localeCompare(b, "en")),
    );
    writeFileSync(file, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`);
  }
  process.stdout.write(`${Object.keys(missing).length} optional packages added to package-lock.json\n`);
  return 0;
};

process.exitCode = main();
