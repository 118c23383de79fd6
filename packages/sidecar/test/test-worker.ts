import { type AppCallbackServer, type BulkSubscribeOptions, createAppCallbackServer } from "@tandem/dapr";
import type { ConsumerHost, Delivery, IncomingEvent } from "@tandem/messaging";
import { createHealth, type Health } from "@tandem/runtime";
import { captureLog, pollUntil } from "@tandem/testkit";
import { freePorts } from "./free-ports.ts";

/** What to answer to the `n`th delivery of an event, counted from 1. Throwing counts as a failed handler. */
export type Answer = (event: IncomingEvent, n: number) => Delivery | Promise<Delivery>;

/** An app that consumes, on the platform's own callback server, and remembers what it got. */
export interface TestWorker extends AsyncDisposable {
  readonly port: number;
  readonly health: Health;
  readonly received: readonly IncomingEvent[];
  readonly ticks: readonly { readonly firedAt: Date; readonly at: Date }[];
  /** Deliveries of the event, in order. */
  of(id: string, topic?: string): readonly IncomingEvent[];
  /** Waits for an event on a topic. */
  waitFor(id: string, topic: string, timeoutMs?: number): Promise<IncomingEvent>;
  answerWith(answer: Answer): void;
  /** Stops listening, as a process that died. */
  down(): Promise<void>;
  /** Listens again, on the same port. `topics`: as a new version that consumes something else. */
  up(topics?: ConsumerHost["topics"]): Promise<void>;
}

export interface TestWorkerOptions {
  readonly topics: ConsumerHost["topics"];
  readonly bulk?: BulkSubscribeOptions;
  /** What the server asks of the sidecar: default nothing. */
  readonly token?: string;
}

export const startTestWorker = async ({ topics, bulk, token }: TestWorkerOptions): Promise<TestWorker> => {
  const health = createHealth();
  health.setServing(true);
  const received: IncomingEvent[] = [];
  const ticks: { firedAt: Date; at: Date }[] = [];
  let answer: Answer = () => "ack";
  const counts = new Map<string, number>();
  const deliver = async (event: IncomingEvent): Promise<Delivery> => {
    received.push(event);
    const key = `${event.topic} ${event.id}`;
    const n = (counts.get(key) ?? 0) + 1;
    counts.set(key, n);
    return answer(event, n);
  };
  const consumers = {
    topics,
    consumers: [],
    deliver,
    redeliver: async (): Promise<Delivery> => "drop",
    drain: async () => undefined,
  } satisfies ConsumerHost;
  const [port = 0] = await freePorts(1);
  const { log } = captureLog();
  const start = async (): Promise<AppCallbackServer> => {
    const server = createAppCallbackServer({
      port,
      consumers,
      bindings: { "cron-tick": async (firedAt) => void ticks.push({ firedAt, at: new Date() }) },
      health,
      ...(token === undefined ? {} : { appApiToken: token }),
      log,
      ...(bulk === undefined ? {} : { bulk }),
    });
    await server.start();
    return server;
  };
  let server: AppCallbackServer | undefined = await start();
  const of = (id: string, topic?: string) =>
    received.filter((event) => event.id === id && (topic === undefined || event.topic === topic));
  return {
    port,
    health,
    received,
    ticks,
    of,
    waitFor: (id, topic, timeoutMs = 10_000) =>
      pollUntil(() => of(id, topic)[0], { timeoutMs, message: `event ${id} on ${topic}` }),
    answerWith: (given) => {
      answer = given;
    },
    down: async () => {
      await server?.stop();
      server = undefined;
    },
    up: async (changed) => {
      if (changed !== undefined) consumers.topics = changed;
      server ??= await start();
    },
    [Symbol.asyncDispose]: async () => {
      await server?.stop();
    },
  };
};
