import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDapr, type Dapr } from "@tandem/dapr";
import type { OutboxEvent, PublishOutcome } from "@tandem/messaging";
import { captureLog, createTestDatabase, pollUntil, type TestDatabase } from "@tandem/testkit";
import { type EmbeddedSidecarOptions, type EmbeddedSidecars, startEmbeddedSidecars } from "../src/index.ts";
import { renderContractComponents } from "./contract/topology.ts";
import { startTestWorker, type TestWorker } from "./test-worker.ts";

/** Embedded sidecars of `caller` and `worker` in this process, as `npm start` has them. */
export interface InProcess extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly componentsDir: string;
  readonly sidecars: EmbeddedSidecars;
  readonly worker: TestWorker;
  readonly caller: Dapr;
  publish(...events: readonly OutboxEvent[]): Promise<readonly PublishOutcome[]>;
  /** Messages that are not handled yet. */
  undelivered(): Promise<number>;
}

export const runInProcess = async (options: Partial<EmbeddedSidecarOptions> = {}): Promise<InProcess> => {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const componentsDir = await mkdtemp(join(tmpdir(), "tandem-embedded-"));
  stack.defer(() => rm(componentsDir, { recursive: true, force: true }));
  const files = Object.entries(renderContractComponents());
  await Promise.all(files.map(([name, text]) => writeFile(join(componentsDir, name), text)));
  const deadLetterTopic = "worker.dead-letters";
  const worker = stack.use(
    await startTestWorker({
      topics: [
        { topic: "thing.created", deadLetterTopic },
        { topic: deadLetterTopic, deadLetterTopic: undefined },
      ],
    }),
  );
  const sidecars = stack.use(
    await startEmbeddedSidecars({
      databaseUrl: database.url,
      componentsDir,
      apps: [
        { appId: "caller", grpcPort: 0, httpPort: 0, appProtocol: "http" },
        { appId: "worker", grpcPort: 0, httpPort: 0, appPort: worker.port, appProtocol: "grpc" },
      ],
      log: captureLog().log,
      healthIntervalMs: 50,
      ...options,
    }),
  );
  const caller = createDapr(sidecars.sidecar("caller"));
  stack.defer(() => caller.close());
  await pollUntil(() => sidecars.sidecar("worker").healthy, { message: "a healthy worker" });
  const owned = stack.move();
  return {
    database,
    componentsDir,
    sidecars,
    worker,
    caller,
    publish: (...events) => caller.publisher("pubsub").publish(events, AbortSignal.timeout(10_000)),
    undelivered: async () => {
      const { rows } = await database.database.pool.query("SELECT count(*)::int AS n FROM sidecar.delivery");
      return rows[0].n;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};
