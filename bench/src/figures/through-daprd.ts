import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { PriceChangedSchema } from "@tandem/contracts/pricing";
import { createAppCallbackServer, createDapr, localEnvironment, renderConfiguration } from "@tandem/dapr";
import { newId } from "@tandem/kernel";
import {
  createConsumerHost,
  createOutbox,
  createRelay,
  defineConsumer,
  messagingMigrations,
  newEvent,
} from "@tandem/messaging";
import { createHealth, createLogger, createMetrics } from "@tandem/runtime";
import { freePorts, startBroker, startDaprd } from "@tandem/toolchain";
import { type Figure, percentile } from "../report.ts";
import type { Surroundings } from "../start-surroundings.ts";
import { drain } from "./outbox.ts";

const root = join(import.meta.dirname, "../../..");

/** The relay into a real daprd and broker; and from the commit in one context to the handled event in another. */
export const measureThroughDaprd = async (
  surroundings: Surroundings,
  rounds: number,
  seconds: number,
): Promise<Figure[]> => {
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "tandem-bench-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const state = stack.use(await surroundings.database("daprstate", []));
  const broker = stack.use(await startBroker({ dir: join(dir, "broker"), durability: "everysec" }));
  const configFile = join(dir, "configuration.yaml");
  await writeFile(configFile, renderConfiguration({ ...localEnvironment, namesFile: join(dir, "names.db") }));
  const common = {
    resourcesDir: join(root, "components/local"),
    configFile,
    logLevel: "error" as const,
    env: { TANDEM_REDIS_HOST: broker.address, TANDEM_STATE_URL: state.url },
  };

  const sender = stack.use(await surroundings.database("sender", [messagingMigrations]));
  const database = sender.open("sender", 8);
  const orders = stack.use(await startDaprd({ ...common, appId: "order" }));
  const orderDapr = createDapr({ httpPort: orders.httpPort, grpcPort: orders.grpcPort });
  stack.defer(() => orderDapr.close());
  await drain(database, 2_000, orderDapr.publisher("pubsub"));
  const samples: number[] = [];
  for (let round = 0; round < rounds; round += 1)
    samples.push(await drain(database, 10_000, orderDapr.publisher("pubsub")));

  const latencies = await measureLatency(surroundings, common, seconds, stack);
  return [
    { name: "outbox committed -> published, daprd and broker", unit: "/s", samples, target: { atLeast: 2_500 } },
    {
      name: "commit -> handled through daprd at 200/s, p50",
      unit: "ms",
      samples: [percentile(latencies, 0.5)],
      target: { atMost: 10 },
      note: `${latencies.length} events`,
    },
    {
      name: "commit -> handled through daprd at 200/s, p99",
      unit: "ms",
      samples: [percentile(latencies, 0.99)],
      target: { atMost: 40 },
      note: `longest ${Math.round(Math.max(...latencies))} ms`,
    },
  ];
};

const measureLatency = async (
  surroundings: Surroundings,
  common: Omit<Parameters<typeof startDaprd>[0], "appId">,
  seconds: number,
  stack: AsyncDisposableStack,
): Promise<readonly number[]> => {
  const log = createLogger({ service: "bench", level: "silent" });
  const catalog = stack.use(await surroundings.database("receiver", [messagingMigrations]));
  const receiver = catalog.open("receiver", 8);
  await receiver.query("create table effect (id uuid primary key)");
  const committedAt = new Map<string, number>();
  const latencies: number[] = [];
  const consumers = createConsumerHost({
    database: receiver,
    workerAppId: "catalog-worker",
    log,
    metrics: createMetrics({ service: "bench" }),
    consumers: [
      defineConsumer({
        name: "catalog.on-price-changed",
        event: PriceChangedSchema,
        handle: async ({ productId }) => {
          await receiver.transact((tx) => tx.client.query("insert into effect values ($1)", [productId]));
          const at = committedAt.get(productId);
          if (at !== undefined) latencies.push(performance.now() - at);
        },
      }),
    ],
  });
  const health = createHealth();
  const [appPort = 0] = await freePorts(1);
  const callback = createAppCallbackServer({ port: appPort, consumers, bindings: {}, health, log });
  await callback.start();
  stack.defer(() => callback.stop());
  health.setServing(true);
  const worker = stack.use(await startDaprd({ ...common, appId: "catalog-worker", appPort }));
  await worker.untilSubscribed(["price.changed"]);

  const pricing = stack.use(await surroundings.database("pricing", [messagingMigrations]));
  const database = pricing.open("pricing", 8);
  const sidecar = stack.use(await startDaprd({ ...common, appId: "pricing-worker" }));
  const dapr = createDapr({ httpPort: sidecar.httpPort, grpcPort: sidecar.grpcPort });
  stack.defer(() => dapr.close());
  const relay = createRelay({ database, publisher: dapr.publisher("pubsub") });
  await relay.start(new AbortController().signal);
  stack.defer(() => relay.stop());
  const outbox = createOutbox({ database, source: "pricing" });
  const send = async () => {
    const productId = newId();
    await database.transact(async (tx) => {
      await outbox
        .in(tx)
        .add(
          newEvent(PriceChangedSchema, { productId, aggregateVersion: 1n, occurredAt: timestampFromDate(new Date()) }),
        );
      tx.afterCommit(() => committedAt.set(productId, performance.now()));
    });
  };
  for (let at = 0; at < 200; at += 1) await send();
  await sleep(1_500);
  latencies.length = 0;
  const startedAt = performance.now();
  const total = seconds * 200;
  const sending: Promise<void>[] = [];
  for (let at = 0; at < total; at += 1) {
    const due = startedAt + at * 5 - performance.now();
    if (due > 1) await sleep(due);
    sending.push(send());
  }
  await Promise.all(sending);
  for (let waited = 0; latencies.length < total && waited < 20_000; waited += 50) await sleep(50);
  if (latencies.length < total)
    throw new Error(`${total - latencies.length} of ${total} events were not handled in 20 s`);
  return latencies;
};
