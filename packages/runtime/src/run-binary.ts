import { ConfigError } from "./config.ts";
import { createLogger, type Logger } from "./logger.ts";
import type { Binary } from "./worker.ts";

export type Env = Readonly<Record<string, string | undefined>>;

export interface RunBinaryOptions {
  /** Default `process.env`. */
  readonly env?: Env;
  /** Upper bound for start-up after a signal and for `stop()`. Default: `SHUTDOWN_TIMEOUT_MS`, else 25 000. */
  readonly shutdownTimeoutMs?: number;
  readonly log?: Logger;
}

/** sysexits.h EX_CONFIG: restarting will not help. */
export const EXIT_CONFIG = 78;
const NET_MS = 1_000;
const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * The main function of a binary: starts it, waits for a signal or its own failure, stops it, exits.
 *
 * Exit codes: 0 after a signal and a clean stop; 1 after a failure, a stop that did not end in time, or a second signal
 * (which exits at once); 78 when the configuration is bad (printed without a stack).
 */
export const runBinary = async (
  start: (env: Env, signal: AbortSignal) => Promise<Binary>,
  options: RunBinaryOptions = {},
): Promise<never> => {
  const env = options.env ?? process.env;
  const log = options.log ?? createLogger({ service: "process" });
  const shutdownTimeoutMs = options.shutdownTimeoutMs ?? timeoutFrom(env);
  const ending = Promise.withResolvers<{ reason: string; code: number }>();
  const aborted = new AbortController();
  let signals = 0;
  for (const name of SIGNALS) {
    process.on(name, () => {
      signals += 1;
      if (signals > 1) process.exit(1);
      aborted.abort(new Error(name));
      ending.resolve({ reason: name, code: 0 });
    });
  }
  const fail = (reason: string) => (err: unknown) => {
    log.fatal({ err }, reason);
    ending.resolve({ reason, code: 1 });
  };
  // The process is in an unknown state, yet its leases, pool and telemetry are better given back than left to time out.
  process.on("uncaughtException", fail("uncaught exception"));
  process.on("unhandledRejection", fail("unhandled rejection"));

  // Signals and unreferenced timers do not keep Node alive, and a binary that waits for them is not done.
  setInterval(() => {}, 2 ** 30);
  const starting = start(env, aborted.signal);
  let binary: Binary | undefined;
  try {
    // A signal during start-up: whatever comes up is stopped below, but nobody waits for it beyond the timeout.
    binary = await Promise.race([starting, ending.promise.then(() => after(shutdownTimeoutMs, starting))]);
  } catch (error) {
    if (error instanceof ConfigError) {
      process.stderr.write(`${error.message}\n`);
      process.exit(EXIT_CONFIG);
    }
    if (signals > 0) process.exit(0);
    log.fatal({ err: error }, "start failed");
    process.exit(1);
  }
  if (!binary) process.exit(1);
  log.info({ binary: binary.name, addresses: binary.addresses }, "started");
  binary.failed.catch(fail("binary failed"));
  const { reason, code } = await ending.promise;
  log.info({ binary: binary.name, reason }, "stopping");
  // A little more than what `stop` gives itself: this is the net below it, not a second judge.
  const stopped = await after(
    shutdownTimeoutMs + NET_MS,
    binary.stop().then(() => true),
  ).catch((err: unknown) => {
    log.error({ err }, "stop failed");
    return false;
  });
  if (stopped === undefined) log.error({ shutdownTimeoutMs }, "stop did not end in time");
  process.exit(stopped ? code : 1);
};

/** The outcome of `work`, or undefined after `timeoutMs`. */
const after = async <T>(timeoutMs: number, work: Promise<T>): Promise<T | undefined> => {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, undefined);
  });
  return Promise.race([work, timeout]).finally(() => clearTimeout(timer));
};

const timeoutFrom = (env: Env): number => {
  const given = Number(env["SHUTDOWN_TIMEOUT_MS"]);
  return Number.isFinite(given) && given > 0 ? given : 25_000;
};
