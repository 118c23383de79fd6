import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDapr, kubernetesEnvironments, renderKubernetes, type Topology } from "@tandem/dapr";
import type { OutboxEvent } from "@tandem/messaging";
import { startDaprd, startKafka } from "@tandem/toolchain";
import { afterAll, beforeAll, expect, it } from "vitest";
import { localizeComponents, writeLocalized } from "./localize-components.ts";
import { type Consumer, startConsumer } from "./start-consumer.ts";

// Production's pub/sub on a real broker; without TLS, which a broker of this machine has not.
const topology: Topology = {
  apps: [
    { appId: "maker", publishes: [], consumes: [] },
    {
      appId: "maker-worker",
      publishes: ["thing.created"],
      consumes: ["thing.asked"],
      deadLetterTopic: "maker-worker.dead-letters",
    },
    { appId: "reader", publishes: [], consumes: ["thing.created"], deadLetterTopic: "reader.dead-letters" },
    { appId: "late-reader", publishes: [], consumes: ["thing.created"], deadLetterTopic: "late-reader.dead-letters" },
  ],
  crons: [],
  outbox: { appId: "maker", topic: "thing.kept" },
};

const stack = new AsyncDisposableStack();
let reader: Consumer;
let startApp: (appId: string, consumer: Consumer) => Promise<Awaited<ReturnType<typeof startDaprd>>>;
let maker: ReturnType<typeof createDapr>;
const REFUSED = "refuse this one";

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "tandem-kafka-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const kafka = stack.use(await startKafka({ dir: join(dir, "kafka") }));
  const files = localizeComponents(
    renderKubernetes(
      topology,
      kubernetesEnvironments.production,
      topology.apps.map(({ appId }) => appId),
    ),
    { kafka, namesFile: join(dir, "names.db") },
  );
  // Neither Postgres nor Redis is needed here.
  const { "pubsub.yaml": pubsub = "", "resiliency.yaml": resiliency = "", ...rest } = files;
  const configurations = Object.fromEntries(
    Object.entries(rest).filter(([name]) => name.startsWith("configurations/")),
  );
  const { resourcesDir, configFileOf } = await writeLocalized(join(dir, "dapr"), {
    "pubsub.yaml": pubsub,
    "resiliency.yaml": resiliency,
    ...configurations,
  });
  startApp = async (appId, consumer) =>
    stack.use(
      await startDaprd({
        appId,
        appPort: consumer.port,
        resourcesDir,
        configFile: configFileOf(appId),
        env: { NAMESPACE: "tandem" },
        readyTimeoutMs: 90_000,
      }),
    );
  reader = stack.use(
    await startConsumer({
      topics: ["thing.created"],
      deadLetterTopic: "reader.dead-letters",
      answer: ({ data }) => (JSON.stringify(data).includes(REFUSED) ? "drop" : "ack"),
    }),
  );
  const idle = stack.use(
    await startConsumer({ topics: ["thing.asked"], deadLetterTopic: "maker-worker.dead-letters" }),
  );
  const [makerSidecar, readerSidecar] = await Promise.all([startApp("maker-worker", idle), startApp("reader", reader)]);
  await readerSidecar.untilSubscribed(["thing.created", "reader.dead-letters"], 60_000);
  maker = createDapr(makerSidecar);
  stack.defer(() => maker.close());
}, 300_000);
afterAll(() => stack.disposeAsync(), 60_000);

const eventOf = (subject: string, data: object = {}): OutboxEvent => ({
  id: randomUUID(),
  topic: "thing.created",
  type: "tandem.test.v1.ThingCreated",
  source: "maker",
  subject,
  aggregateVersion: 1n,
  data: JSON.stringify(data),
  time: new Date(),
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  correlationId: "correlation-1",
});
const publish = (...events: readonly OutboxEvent[]) =>
  maker.publisher("pubsub").publish(events, AbortSignal.timeout(60_000));

it("carries an event from one app id to another", async () => {
  const event = eventOf("thing-1", { name: "mug" });
  expect(await publish(event)).toEqual([{ id: event.id, status: "sent" }]);
  expect(await reader.waitFor(event.id, "thing.created")).toMatchObject({ subject: "thing-1" });
}, 120_000);

it("keeps the events of one aggregate in order, by their partition key", async () => {
  const subjects = Array.from({ length: 60 }, (_, n) => `ordered-${n % 6}`);
  const events = subjects.map((subject, n) => eventOf(subject, { n }));
  for (let from = 0; from < events.length; from += 20) await publish(...events.slice(from, from + 20));
  await Promise.all(events.map(({ id }) => reader.waitFor(id, "thing.created")));
  for (const subject of new Set(subjects)) {
    const sent = events.filter((event) => event.subject === subject).map(({ id }) => id);
    const got = reader.received.filter((event) => event.subject === subject).map(({ id }) => id);
    expect([...new Set(got)]).toEqual(sent);
  }
}, 180_000);

it("puts what the app refuses into the dead letters of the app", async () => {
  const event = eventOf("thing-2", { note: REFUSED });
  await publish(event);
  expect(await reader.waitFor(event.id, "reader.dead-letters")).toMatchObject({ id: event.id });
}, 120_000);

it("tells a consumer that comes later everything from the beginning, in a group of its own", async () => {
  const early = eventOf("thing-3");
  await publish(early);
  await reader.waitFor(early.id, "thing.created");
  const late = stack.use(
    await startConsumer({ topics: ["thing.created"], deadLetterTopic: "late-reader.dead-letters" }),
  );
  await startApp("late-reader", late);
  expect(await late.waitFor(early.id, "thing.created")).toMatchObject({ subject: "thing-3" });
}, 180_000);

it("refuses a topic that is not the app's own", async () => {
  const foreign = { ...eventOf("thing-4"), topic: "reader.dead-letters" };
  expect(await publish(foreign)).toEqual([
    { id: foreign.id, status: "failed", kind: "permanent", error: expect.anything() },
  ]);
});
