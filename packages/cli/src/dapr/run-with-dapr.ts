import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { localEnvironment, renderConfiguration } from "@tandem/dapr";
import { createLocalInbox } from "@tandem/local-inbox";
import { findTool, linkDaprRuntime, requireTool, startBroker } from "@tandem/toolchain";
import { dyingWithParent } from "../die-with-parent.ts";
import type { BinaryPlan, ContextPlan } from "../platform-plan.ts";
import type { Progress } from "../progress.ts";
import { repositoryRoot, type StateDir } from "../state-dir.ts";
import { greet } from "../up/greet.ts";
import { prepare } from "../up/prepare.ts";
import type { RunningPlatform } from "../up/up.ts";
import { renderMultiApp } from "./render-multi-app.ts";

export interface DaprRunOptions {
  readonly demo: boolean;
  readonly reset: boolean;
  readonly portOffset: number;
  readonly logLevel: string;
  readonly otlpEndpoint?: string | undefined;
}

const BROKER_PORT = 6390;
const STATE_DATABASE = { database: "dapr_state_db", user: "dapr_state_svc" } as const;

/** The same binaries, a process each, every one with a real daprd: started by `dapr run -f`, on Postgres and a Redis-protocol broker. */
export const runWithDapr = async (options: DaprRunOptions, progress: Progress): Promise<RunningPlatform> => {
  await using stack = new AsyncDisposableStack();
  await progress.step("daprd, the Dapr CLI and a broker", makeTools);
  const brokerPort = BROKER_PORT + options.portOffset;
  const { state, contexts, gateway, people, sidecarDatabaseUrl, inbox } = await prepare(
    { ...options, sidecarDatabase: STATE_DATABASE, alsoPorts: [{ port: brokerPort, use: "broker" }] },
    progress,
    stack,
  );
  if (inbox) stack.use(await createLocalInbox(inbox));
  const broker = await progress.step("broker", () =>
    startBroker({ dir: join(state.dir, "broker"), port: brokerPort, durability: "everysec" }),
  );
  stack.use(broker);

  const runFile = await writeRunFiles(state, contexts, gateway, options.portOffset);
  const cli = await progress.step(
    `${contexts.length * 2 + 1} processes with ${contexts.length * 2 + 1} daprd sidecars`,
    () =>
      startDaprRun(state, runFile, contexts, gateway, {
        TANDEM_REDIS_HOST: broker.address,
        TANDEM_STATE_URL: sidecarDatabaseUrl,
      }),
  );
  stack.use(cli);
  await state.announce({
    mode: "dapr",
    pid: process.pid,
    offset: options.portOffset,
    contexts: contexts.map(({ service }) => service.context),
  });
  stack.defer(() => state.withdraw());
  await greet({ ...options, partial: false }, contexts, gateway, people, progress);
  progress.say(`${"dapr".padEnd(10)} ${requireTool("dapr").path} list`);
  progress.say(
    `           ${requireTool("dapr").path} publish --publish-app-id order --pubsub pubsub --topic cart.updated --data '{}'`,
  );
  const owned = stack.move();
  return { failed: cli.failed, [Symbol.asyncDispose]: () => owned.disposeAsync() };
};

/** Builds what is missing; shows its progress, because a first build of daprd takes minutes. */
const makeTools = async (): Promise<string> => {
  const wanted = ["daprd", "dapr", "broker"] as const;
  if (wanted.some((name) => !findTool(name).found)) {
    const child = spawn(process.execPath, [join(repositoryRoot, "tools/tools.ts"), "--only", wanted.join(",")], {
      stdio: "inherit",
    });
    await new Promise((resolve) => child.once("exit", resolve));
  }
  return wanted.map((name) => `${name} ${requireTool(name).version}`).join(", ");
};

const writeRunFiles = async (
  state: StateDir,
  contexts: readonly ContextPlan[],
  gateway: BinaryPlan,
  offset: number,
): Promise<string> => {
  const dir = join(state.dir, "dapr");
  await mkdir(dir, { recursive: true });
  const configFile = join(dir, "configuration.yaml");
  const runFile = join(dir, "dapr.yaml");
  await writeFile(configFile, renderConfiguration({ ...localEnvironment, namesFile: join(dir, "names.db") }));
  await writeFile(
    runFile,
    renderMultiApp({
      contexts,
      gateway,
      offset,
      root: repositoryRoot,
      node: process.execPath,
      resourcesDir: join(repositoryRoot, "components/local"),
      configFile,
    }),
    // The binaries' database URLs stand in it.
    { mode: 0o600 },
  );
  return runFile;
};

const startDaprRun = async (
  state: StateDir,
  runFile: string,
  contexts: readonly ContextPlan[],
  gateway: BinaryPlan,
  env: Readonly<Record<string, string>>,
) => {
  const runtimePath = linkDaprRuntime(join(state.dir, "dapr"));
  const log = createWriteStream(state.logFile("dapr-run"), { flags: "a" });
  // The CLI makes a process group of its own: Ctrl-C reaches us only, and we stop it when its time has come.
  const [command, ...args] = dyingWithParent([requireTool("dapr").path, "run", "-f", runFile]);
  const child = spawn(command, args, {
    cwd: repositoryRoot,
    // The flag reaches single apps only; a run file takes the variable.
    env: { ...process.env, ...env, DAPR_RUNTIME_PATH: runtimePath },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  let stopping = false;
  const exited = new Promise<string>((resolve) =>
    child.once("exit", (code, signal) => resolve(String(code ?? signal))),
  );
  const failed = exited.then((how): Promise<never> => {
    if (stopping) return new Promise<never>(() => {});
    throw new Error(`dapr run ended by itself (${how}); its log is ${state.logFile("dapr-run")}`);
  });
  failed.catch(() => {});
  const stop = async () => {
    stopping = true;
    child.kill("SIGINT");
    const late = sleep(30_000).then(() => process.kill(-(child.pid ?? 0), "SIGKILL"));
    await Promise.race([exited, late]);
  };
  try {
    await Promise.race([untilAllReady(contexts, gateway), failed]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { failed, [Symbol.asyncDispose]: stop };
};

const untilAllReady = async (contexts: readonly ContextPlan[], gateway: BinaryPlan): Promise<void> => {
  const deadline = performance.now() + 240_000;
  const waiting = new Map([
    ...contexts.flatMap(({ api, worker }): [string, string][] => [
      [api.appId, `http://127.0.0.1:${api.ports["REST"]}/readyz`],
      [worker.appId, `http://127.0.0.1:${worker.ports["operations"]}/readyz`],
    ]),
    // Ready when it reaches every context by the sidecars: they find each other a moment after the binaries are up.
    [gateway.appId, `http://127.0.0.1:${gateway.ports["REST"]}/health`] as const,
  ]);
  while (waiting.size > 0) {
    for (const [appId, url] of waiting) {
      const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
      await answer?.body?.cancel();
      if (answer?.ok) waiting.delete(appId);
    }
    if (performance.now() > deadline)
      throw new Error(`not ready after four minutes: ${[...waiting.keys()].join(", ")}`);
    await sleep(200);
  }
};
