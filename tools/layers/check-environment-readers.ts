import { globSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";

/** Those who may read the environment, and why. Everyone else is handed a config. */
const readers: readonly RegExp[] = [
  /^services\/[^/]+\/src\/config\//, // a service's own schema
  /^services\/[^/]+\/src\/(api|worker|migrate)\.ts$/, // composition roots
  /^packages\/runtime\/src\/run-binary\.ts$/, // hands it to the composition root
  /^packages\/(cli|testkit|toolchain|embedded-postgres)\/src\//, // developer tools: PATH, HOME, CI
  // Guards that keep what is for laptops out of production: one that a caller could forget to pass would guard nothing.
  /^packages\/auth\/src\/dev-issuer\.ts$/,
  /^packages\/sidecar\/src\/start-embedded-sidecars\.ts$/,
];

const reads =
  /\bprocess\s*\.\s*env\b|\bprocess\s*\[\s*["']env["']\s*\]|\{[^{}]*\benv\b[^{}]*\}\s*=\s*process\b|import\s*\{[^}]*\benv\b[^}]*\}\s*from\s*["'](node:)?process["']/;

/** dependency-cruiser sees imports, not globals: this sees who reads `process.env`. A line per file and place. */
export const checkEnvironmentReaders = (root: string): string[] =>
  globSync(["packages/*/src/**/*.ts", "services/*/src/**/*.ts"], { cwd: root })
    .map((file) => file.split(sep).join("/"))
    .filter((file) => !readers.some((pattern) => pattern.test(file)))
    .sort()
    .flatMap((file) =>
      codeLines(readFileSync(join(root, file), "utf8")).flatMap((line, index) =>
        reads.test(line)
          ? [`environment-reader: ${file}:${index + 1} reads process.env (only src/config and composition roots do)`]
          : [],
      ),
    );

/** Comments blanked, lines kept, so that a comment may say what is not done. */
const codeLines = (source: string): string[] =>
  source
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/(^|\s)\/\/.*$/gm, "$1")
    .split("\n");
