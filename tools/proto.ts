import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { compareFolders } from "./compare-folders.ts";
import { runCommand } from "./run-command.ts";

const help = `npm run proto:generate | proto:lint | proto:breaking [-- --against <git ref>] | proto:verify

  generate   writes the code that is committed in src/gen, from every buf.gen.yaml
  lint       buf lint and buf format, as buf.yaml says
  breaking   compares with the commit that main had before: no message or field may change its wire or JSON form
  verify     lint, breaking, and: the committed code is what generate writes
`;

const root = resolve(import.meta.dirname, "..");
interface Generator {
  /** Where buf runs. */
  readonly folder: string;
  /** The arguments of `buf generate`. */
  readonly args: readonly string[];
  /** What it writes, relative to `folder`. */
  readonly outs: readonly string[];
}

/**
 * Every buf.gen.yaml: of the contracts at the root, of packages that vendor protos (in the package), and of tests that have
 * some of their own (in the package, or at the root when a test/buf.yaml says that they import the contracts).
 */
const findGenerators = (): readonly Generator[] =>
  globSync(["buf.gen.yaml", "packages/*/buf.gen.yaml", "packages/*/test/buf.gen.yaml"], { cwd: root })
    .sort()
    .map((file) => {
      const own = dirname(file);
      const outs = [...readFileSync(join(root, file), "utf8").matchAll(/^\s*out: (\S+)$/gm)].map(([, out = ""]) => out);
      if (own.endsWith("/test") && existsSync(join(root, own, "buf.yaml"))) {
        // buf wants what is in the module's folder, not the folder itself.
        const paths = readdirSync(join(root, own, "proto")).flatMap((name) => ["--path", join(own, "proto", name)]);
        return { folder: ".", args: ["--config", join(own, "buf.yaml"), "--template", file, ...paths], outs };
      }
      const folder = own.replace(/\/test$/, "");
      return { folder, args: ["--template", relative(folder, file)], outs };
    });

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const buf = async (args: readonly string[], folder = "."): Promise<number> => {
  // buf starts protoc-gen-es from PATH.
  const env = { PATH: `${join(root, "node_modules/.bin")}:${process.env["PATH"] ?? ""}` };
  return (await runCommand(join(root, "node_modules/.bin/buf"), args, { cwd: join(root, folder), env })).code;
};

const git = async (...args: readonly string[]): Promise<string | undefined> => {
  const { code, output } = await runCommand("git", args, { cwd: root, onLine: () => {} });
  return code === 0 ? output.trim() : undefined;
};

const generate = async (): Promise<number> => {
  for (const { folder, args } of findGenerators()) {
    const code = await buf(["generate", ...args], folder);
    if (code !== 0) return code;
  }
  return 0;
};

const lint = async (): Promise<number> => (await buf(["lint"])) || (await buf(["format", "--diff", "--exit-code"]));

/** What to compare with: where this branch left origin/main; on main itself the last commit, or the one before it when proto/ has no changes yet. */
const baseline = async (): Promise<string | undefined> => {
  const head = await git("rev-parse", "HEAD");
  const fork = await git("merge-base", "HEAD", "origin/main");
  if (fork !== undefined && fork !== head) return fork;
  const changed = (await git("status", "--porcelain", "--", "proto")) ?? "";
  return git("rev-parse", "--verify", "--quiet", changed === "" ? "HEAD~1" : "HEAD");
};

const breaking = async (against?: string): Promise<number> => {
  const commit = against ?? (await baseline());
  if (commit === undefined || (await git("cat-file", "-e", `${commit}:buf.yaml`)) === undefined) {
    say("breaking: there is no earlier commit with a buf.yaml to compare with");
    return 0;
  }
  return buf(["breaking", "--against", `.git#ref=${commit}`]);
};

const inSync = async (): Promise<number> => {
  let differing = 0;
  for (const { folder, args, outs } of findGenerators()) {
    const fresh = mkdtempSync(join(tmpdir(), "tandem-proto-"));
    try {
      const code = await buf(["generate", ...args, "-o", fresh], folder);
      if (code !== 0) return code;
      for (const out of outs) {
        const differences = compareFolders(join(fresh, out), join(root, folder, out));
        for (const difference of differences) say(`${join(folder, out)}/${difference}`);
        differing += differences.length;
      }
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  }
  if (differing > 0) say("The generated code is not what proto/ says: npm run proto:generate, and commit it.");
  return differing > 0 ? 1 : 0;
};

const main = async (): Promise<number> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: "boolean", short: "h" }, against: { type: "string" } },
  });
  const command = positionals[0];
  if (values.help === true) {
    process.stdout.write(help);
    return 0;
  }
  switch (command) {
    case "generate":
      return generate();
    case "lint":
      return lint();
    case "breaking":
      return breaking(values.against);
    case "verify":
      return (await lint()) || (await breaking(values.against)) || (await inSync());
    default:
      process.stderr.write(help);
      return 2;
  }
};

process.exitCode = await main();
