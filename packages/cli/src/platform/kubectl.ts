import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { dyingWithParent } from "../die-with-parent.ts";

/** What leads to a port in the cluster: `service/gateway`, `deployment/order`. */
export interface ForwardTarget {
  readonly namespace: string;
  readonly resource: string;
  readonly port: number;
}

/** The cluster, by the program and the rights that the person at the keyboard has. */
export interface Kubectl {
  /** Answers parsed from `-o json`. @throws Error in kubectl's own words */
  json(args: readonly string[]): Promise<unknown>;
  /** What it prints. @throws Error in kubectl's own words */
  text(args: readonly string[]): Promise<string>;
  /** A port of this machine that leads there for as long as this process lives. @throws Error in kubectl's own words */
  forward(target: ForwardTarget): Promise<number>;
}

/** Clusters on somebody's own machine: a demonstration there surprises nobody. */
const OWN_MACHINE = /^(kind-|k3d-|minikube$|docker-desktop$|rancher-desktop$|colima|orbstack$)/;
const FORWARDED = /^Forwarding from 127\.0\.0\.1:(\d+) ->/;
const RETRY_MS = 500;

/** @throws Error when no context is named and the current one is not on this machine */
export const openKubectl = async (context: string | undefined, program = "kubectl"): Promise<Kubectl> => {
  const chosen = context ?? (await run(program, ["config", "current-context"])).trim();
  if (context === undefined && !OWN_MACHINE.test(chosen))
    throw new Error(
      `the current context is ${chosen}, not a cluster on this machine: say --context ${chosen} to mean it`,
    );
  const common = ["--context", chosen];
  return {
    text: (args) => run(program, [...common, ...args]),
    json: async (args) => JSON.parse(await run(program, [...common, ...args, "-o", "json"])),
    forward: (target) => keepForwarded(program, common, target),
  };
};

const run = (program: string, args: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    let [output, complaint] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint += text;
    });
    child.once("error", (error) => reject(explain(program, error)));
    child.once("close", (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`kubectl ${args.join(" ")}: ${complaint.trim() || `exit code ${code}`}`));
    });
  });

const explain = (program: string, error: NodeJS.ErrnoException): Error =>
  error.code === "ENOENT" ? new Error(`${program} is not on PATH: https://kubernetes.io/docs/tasks/tools`) : error;

/** kubectl ends with the pod that it chose: the next one is then found on the same port of ours. */
const keepForwarded = async (program: string, common: readonly string[], target: ForwardTarget): Promise<number> => {
  let stopping = false;
  let current: { kill(): unknown } | undefined;
  process.once("exit", () => {
    stopping = true;
    current?.kill();
  });
  const start = async (port: number | undefined) => {
    const forwarding = startForward(program, common, target, port);
    current = forwarding.child;
    return { port: await forwarding.port, ended: forwarding.ended };
  };
  const first = await start(undefined);
  void (async () => {
    for (let ended = first.ended; ; ) {
      await ended;
      if (stopping) return;
      await sleep(RETRY_MS);
      const next = await start(first.port).catch(() => undefined);
      ended = next?.ended ?? Promise.resolve();
    }
  })();
  return first.port;
};

const startForward = (
  program: string,
  common: readonly string[],
  { namespace, resource, port }: ForwardTarget,
  localPort: number | undefined,
) => {
  const args = ["port-forward", "--address", "127.0.0.1", "-n", namespace, resource, `${localPort ?? ""}:${port}`];
  const [command, ...rest] = dyingWithParent([program, ...common, ...args]);
  const child = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = `${complaint}${text}`.slice(-2_000);
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const found = new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const [, taken] = FORWARDED.exec(line) ?? [];
      if (taken !== undefined) resolve(Number(taken));
    });
    child.once("error", (error) => reject(explain(program, error)));
    void ended.then(() => reject(new Error(`kubectl ${args.join(" ")}: ${complaint.trim() || "ended"}`)));
  });
  return { child, port: found, ended };
};
