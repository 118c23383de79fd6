import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { contextsToRun } from "@tandem/cli/plan";
import { gatewayEntry, localPorts } from "@tandem/contracts";

/** What the Tiltfile needs to know of one image, and of what it runs. */
export interface DescribedContext {
  readonly name: string;
  /** Behind `<registry>/tandem/`. */
  readonly image: string;
  /** Folders that its bundle is made from, relative to the repository. */
  readonly sources: readonly string[];
}

export interface DescribedPlatform {
  /** Whether these are all: only then can an order come to its end. */
  readonly whole: boolean;
  /** Those to run, the gateway among them. */
  readonly contexts: readonly DescribedContext[];
  readonly inbox: DescribedContext;
  readonly gateway: { readonly name: string; readonly http: number; readonly grpc: number };
}

const repository = resolve(import.meta.dirname, "../..");

/** The workspace and every workspace that it depends on, by what their package.json say. */
const foldersOf = (workspace: string, root: string): readonly string[] => {
  const found = new Set<string>();
  const add = (folder: string): void => {
    if (found.has(folder)) return;
    found.add(folder);
    const { dependencies = {} } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as {
      dependencies?: Readonly<Record<string, string>>;
    };
    for (const name of Object.keys(dependencies).filter((one) => one.startsWith("@tandem/"))) {
      const short = name.slice("@tandem/".length);
      const service = join("services", short.replace(/-service$/, ""));
      add(short.endsWith("-service") && existsSync(join(root, service)) ? service : join("packages", short));
    }
  };
  add(workspace);
  return [...found].sort();
};

const describe = (name: string, workspace: string, root: string): DescribedContext => ({
  name,
  image: name,
  sources: foldersOf(workspace, root).flatMap((folder) =>
    ["src", "migrations", "package.json"]
      .map((part) => join(folder, part))
      .filter((path) => existsSync(join(root, path))),
  ),
});

/** @param only contexts asked for; none: all @throws TypeError naming the ones there are */
export const describePlatform = (only: readonly string[], root = repository): DescribedPlatform => {
  const contexts = contextsToRun(only);
  const { http, grpc } = localPorts(gatewayEntry).api;
  return {
    whole: contexts.length === contextsToRun(undefined).length,
    contexts: [...contexts.map(({ context }) => context), gatewayEntry.context].map((context) =>
      describe(context, join("services", context), root),
    ),
    inbox: describe("local-inbox", join("packages", "local-inbox"), root),
    gateway: { name: gatewayEntry.apiAppId, http, grpc },
  };
};

if (import.meta.main) {
  try {
    process.stdout.write(`${JSON.stringify(describePlatform(process.argv.slice(2)))}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
