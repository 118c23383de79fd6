import { appendFileSync, readFileSync, writeFileSync } from "node:fs";

/**
 * `digests.ts publish`: hands digests.json to later jobs, as the output `digests` of a GitHub job: `{ services, digests }`.
 * `digests.ts receive`: makes digests.json of what such a job handed over in DIGESTS.
 */
const file = "digests.json";

interface Handed {
  /** For a matrix. */
  readonly services: readonly string[];
  readonly digests: Readonly<Record<string, string>>;
}

const [mode] = process.argv.slice(2);
if (mode === "publish") {
  const digests = JSON.parse(readFileSync(file, "utf8")) as Handed["digests"];
  const handed: Handed = { services: Object.keys(digests), digests };
  const line = `digests=${JSON.stringify(handed)}\n`;
  // On a laptop there is nobody to hand it to.
  const output = process.env["GITHUB_OUTPUT"];
  if (output === undefined) process.stdout.write(line);
  else appendFileSync(output, line);
} else {
  const { digests } = JSON.parse(process.env["DIGESTS"] ?? "") as Handed;
  writeFileSync(file, `${JSON.stringify(digests, null, 2)}\n`);
}
