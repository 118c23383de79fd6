import { spawn } from "node:child_process";
import { SynthError } from "../synth-error.ts";
import type { SecretValues } from "./plan-secrets.ts";

export interface Kubectl {
  /** What it wrote. @throws SynthError with its own words when it fails */
  run(args: readonly string[], input?: string): Promise<string>;
}

/** @param context absent: the current one. @param command default `kubectl` */
export const createKubectl = (context?: string, command = "kubectl"): Kubectl => ({
  run: (args, input = "") =>
    new Promise((resolve, reject) => {
      const all = [...(context === undefined ? [] : ["--context", context]), ...args];
      const child = spawn(command, all, { stdio: ["pipe", "pipe", "pipe"] });
      const output: Buffer[] = [];
      const complaint: Buffer[] = [];
      child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
      child.stderr.on("data", (chunk: Buffer) => complaint.push(chunk));
      child.once("error", () =>
        reject(new SynthError(`there is no ${command} on PATH: https://kubernetes.io/docs/tasks/tools`)),
      );
      child.once("close", (code) => {
        if (code === 0) return resolve(Buffer.concat(output).toString("utf8"));
        const said = Buffer.concat(complaint).toString("utf8").trim().split("\n").at(-1) ?? "";
        reject(new SynthError(`kubectl ${args[0]} failed: ${said}`));
      });
      // It may end before it reads: what it says then is told above.
      child.stdin.on("error", () => {});
      child.stdin.end(input);
    }),
});

/** @throws SynthError when the context is none of kind's and nobody said yes: secrets are not made by mistake in somebody else's cluster */
export const chooseContext = async (kubectl: Kubectl, given: string | undefined, sure: boolean): Promise<string> => {
  const context = given ?? (await kubectl.run(["config", "current-context"])).trim();
  if (context.startsWith("kind-") || sure) return context;
  throw new SynthError(
    `the context ${context} is none of kind's: name another with --context, or say --yes to write secrets there`,
  );
};

/** Namespaces that there are not have none. */
export const readSecrets = async (kubectl: Kubectl, namespaces: readonly string[]): Promise<SecretValues> => {
  const found: Record<string, Record<string, string>> = {};
  for (const namespace of namespaces) {
    const list = JSON.parse(await kubectl.run(["get", "secrets", "--namespace", namespace, "--output", "json"])) as {
      readonly items: readonly {
        readonly metadata: { readonly name: string };
        readonly data?: Readonly<Record<string, string>>;
      }[];
    };
    for (const { metadata, data = {} } of list.items) {
      found[`${namespace}/${metadata.name}`] = Object.fromEntries(
        Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]),
      );
    }
  }
  return found;
};

/** On the server: a copy of the secret in an annotation, as other ways of applying leave it, is one too many. */
export const applyObjects = async (kubectl: Kubectl, objects: readonly object[]): Promise<void> => {
  const list = { apiVersion: "v1", kind: "List", items: objects };
  const how = ["--server-side", "--force-conflicts", "--field-manager", "tandem-secrets", "--filename", "-"];
  await kubectl.run(["apply", ...how], JSON.stringify(list));
};
