import { createWriteStream } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import type { ContextName } from "@tandem/contracts";
import { createLocalInbox } from "@tandem/local-inbox";
import { niceSession } from "@tandem/postgres";
import { createLogger } from "@tandem/runtime";
import { startEmbeddedSidecars } from "@tandem/sidecar";
import { WORKERS_NICE } from "../platform-plan.ts";
import { loadService } from "./load-service.ts";
import type { ThreadAnswer, ThreadRequest, WorkersToStart } from "./open-worker-thread.ts";
import { allOrNone, inThisThread } from "./start-binaries.ts";
import { yieldToApis } from "./yield-to-apis.ts";

// The second thread of `npm start`: workers and their sidecars. What they compute is nobody's time who waits for an answer, so it yields to those.
const parent = parentPort;
if (parent === null) throw new TypeError("this file is the entry of a thread: npm start opens it");

const say = (answer: ThreadAnswer): void => parent.postMessage(answer);
const describe = (error: unknown) => (error instanceof Error ? error.message : String(error));

// Whoever needs it loads it again and says what is wrong.
for (const context of workerData as readonly ContextName[]) loadService(context).catch(() => {});

const start = async ({
  sidecars,
  plans,
  inbox,
  logFiles,
  sidecarLogFile,
}: WorkersToStart): Promise<AsyncDisposable> => {
  await using stack = new AsyncDisposableStack();
  const destination = createWriteStream(sidecarLogFile, { flags: "a" });
  const log = createLogger({ service: "tandem", level: "info", destination });
  if (inbox) stack.use(await createLocalInbox(inbox));
  stack.use(
    await startEmbeddedSidecars({ ...sidecars, log, onSession: (session) => niceSession(session, WORKERS_NICE) }),
  );
  const startOne = inThisThread((appId) => logFiles[appId] ?? sidecarLogFile);
  const running = await allOrNone(plans.map(startOne));
  stack.defer(async () => {
    await Promise.allSettled(running.map((one) => one.stop()));
  });
  // Not before: an order goes nowhere until its workers are up.
  log.info({ priority: await yieldToApis() }, "workers are up, and yield to the APIs");
  Promise.race(running.map(({ failed }) => failed)).catch((error: unknown) =>
    say({ kind: "failed", reason: describe(error) }),
  );
  return stack.move();
};

let started: Promise<AsyncDisposable> | undefined;
parent.on("message", (request: ThreadRequest) => {
  if (request.kind === "start") {
    started = start(request.workers);
    started.then(
      () => say({ kind: "ready" }),
      (error: unknown) => say({ kind: "failed", reason: describe(error) }),
    );
    return;
  }
  Promise.resolve(started)
    .then((stack) => stack?.[Symbol.asyncDispose]())
    .catch(() => {})
    // Clients keep their connections open for a while: nothing is left to wait for.
    .finally(() => process.exit());
});
