import { serviceOf } from "@tandem/contracts";
import { createAppCallbackServer } from "@tandem/dapr";
import { type CronJob, createJobRunner } from "@tandem/jobs";
import { type Consumer, createConsumerHost, createRelay, createReplayWorker } from "@tandem/messaging";
import { type Binary, type ContinuousWorker, createOpsServer, type Env, loadConfig } from "@tandem/runtime";
import type { z } from "zod";
import type { WorkerConfig } from "./config.ts";
import { readFaultPoint } from "./fault-point.ts";
import { createHistoryKeeper } from "./keep-history.ts";
import { type BinaryHost, createPlatform, type Platform } from "./platform.ts";
import { runComposition } from "./run-composition.ts";

/** `event` runs the consumers, `cron` everything else, `all` both. */
export type WorkerMode = "all" | "event" | "cron";

export interface WorkerDefinition<S extends z.ZodType<WorkerConfig>> {
  readonly context: string;
  /** The chassis's `workerConfig`, extended. */
  readonly config: S;
  readonly compose: (platform: Platform<z.output<S>>) => WorkerParts | Promise<WorkerParts>;
}

export interface WorkerParts {
  readonly consumers?: readonly Consumer[];
  readonly jobs?: readonly CronJob[];
  /** Sagas' timers, provider calls and the like. */
  readonly workers?: readonly ContinuousWorker[];
}

export interface WorkerOptions extends BinaryHost {
  /** Default `all`. */
  readonly mode?: WorkerMode;
}

/** Starts the worker; `describe` says what it would run. */
export interface WorkerStarter {
  (env: Env, options?: WorkerOptions): Promise<Binary>;
  /** Composes and starts nothing: what it consumes and when its jobs run, for the component files. */
  describe(env: Env): Promise<Pick<WorkerParts, "consumers" | "jobs">>;
}

/** The worker binary of a context: consumers, cron jobs, the outbox relay and its own continuous workers. */
export const defineWorker = <S extends z.ZodType<WorkerConfig>>(definition: WorkerDefinition<S>): WorkerStarter =>
  Object.assign(startWorker(definition), {
    describe: async (env: Env) => {
      const { context, config, compose } = definition;
      const service = serviceOf(context);
      // A platform opens nothing before it is used, so there is nothing to close.
      return compose(createPlatform(service, service.workerAppId, loadConfig(config, env), {}));
    },
  });

const startWorker =
  <S extends z.ZodType<WorkerConfig>>({ context, config: schema, compose }: WorkerDefinition<S>) =>
  async (env: Env, { mode = "all", ...host }: WorkerOptions = {}): Promise<Binary> => {
    const service = serviceOf(context);
    const config = loadConfig(schema, env);
    const platform = createPlatform(service, service.workerAppId, config, host);
    return runComposition(service.workerAppId, platform, async () => {
      const { database, dapr, health, metrics, telemetry, log, shutdown, owner } = platform;
      const parts = await compose(platform);
      const withEvents = mode !== "cron";
      const withCron = mode !== "event";

      const consumers = createConsumerHost({
        database,
        consumers: withEvents ? (parts.consumers ?? []) : [],
        workerAppId: service.workerAppId,
        log,
        metrics,
        tracer: telemetry.tracer,
      });
      const jobs = createJobRunner({
        database,
        jobs: withCron ? (parts.jobs ?? []) : [],
        owner,
        log,
        metrics,
        tracer: telemetry.tracer,
      });
      const callback = createAppCallbackServer({
        port: config.APP_PORT,
        consumers,
        bindings: jobs.bindings,
        health,
        log,
        ...(config.APP_API_TOKEN ? { appApiToken: config.APP_API_TOKEN } : {}),
      });
      const faultPoint = readFaultPoint(env, log);
      const ops = createOpsServer({ port: config.OPS_PORT, health, metrics });
      const workers: ContinuousWorker[] = [
        ...(withEvents ? [createReplayWorker({ database, host: consumers, log, metrics })] : []),
        ...(withCron
          ? [
              jobs,
              createHistoryKeeper({ database, clock: platform.clock, log, retainMs: config.JOB_HISTORY_RETAIN_MS }),
              createRelay({
                database,
                publisher: dapr.publisher("pubsub"),
                log,
                metrics,
                tracer: telemetry.tracer,
                leaseMs: config.RELAY_LEASE_MS,
                ...(faultPoint ? { faultPoint } : {}),
              }),
              ...(parts.workers ?? []),
            ]
          : []),
      ];
      shutdown.on("drain-consumers", "app callback", () => callback.drain());
      shutdown.on("drain-consumers", "consumers", () => consumers.drain());
      shutdown.on("stop-workers", "workers", async () => {
        await Promise.all(workers.map((worker) => worker.stop()));
      });
      shutdown.on("close-resources", "app callback", () => callback.stop());
      shutdown.on("close-resources", "ops", () => ops.stop());

      // Listen first: daprd waits for the app's port, and asks once what to subscribe to.
      const { port: appPort } = await callback.start();
      const { port: opsPort } = await ops.start();
      await dapr.waitUntilReady(shutdown.signal, { timeoutMs: config.SIDECAR_WAIT_MS });
      for (const worker of workers) {
        await worker.start(shutdown.signal);
        health.addCheck(worker.name, () => worker.healthCheck());
      }
      return { app: `http://127.0.0.1:${appPort}`, ops: `http://127.0.0.1:${opsPort}` };
    });
  };

/** The `--mode` of a worker's command line. @throws TypeError for an unknown one */
export const readWorkerMode = (argv: readonly string[]): WorkerMode => {
  const at = argv.findIndex((argument) => argument === "--mode" || argument.startsWith("--mode="));
  if (at < 0) return "all";
  const value = argv[at]?.includes("=") ? argv[at].split("=")[1] : argv[at + 1];
  if (value === "all" || value === "event" || value === "cron") return value;
  throw new TypeError(`--mode is all, event or cron, not ${value ?? "nothing"}`);
};
