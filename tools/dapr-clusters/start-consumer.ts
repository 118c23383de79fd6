import { createAppCallbackServer } from "@tandem/dapr";
import type { ConsumerHost, Delivery, IncomingEvent } from "@tandem/messaging";
import { createHealth } from "@tandem/runtime";
import { captureLog, pollUntil } from "@tandem/testkit";

/** An app that consumes, on the platform's own callback server, and remembers what it got. */
export interface Consumer extends AsyncDisposable {
  readonly port: number;
  readonly received: readonly IncomingEvent[];
  waitFor(id: string, topic: string): Promise<IncomingEvent>;
}

export interface ConsumerOptions {
  readonly topics: readonly string[];
  readonly deadLetterTopic: string;
  readonly bindings?: readonly string[];
  readonly answer?: (event: IncomingEvent) => Delivery;
}

export const startConsumer = async (options: ConsumerOptions): Promise<Consumer> => {
  const { topics, deadLetterTopic, bindings = [], answer = () => "ack" } = options;
  const received: IncomingEvent[] = [];
  const health = createHealth();
  health.setServing(true);
  const consumers = {
    topics: [
      ...topics.map((topic) => ({ topic, deadLetterTopic })),
      { topic: deadLetterTopic, deadLetterTopic: undefined },
    ],
    consumers: [],
    deliver: async (event: IncomingEvent) => {
      received.push(event);
      return event.topic === deadLetterTopic ? "ack" : answer(event);
    },
    redeliver: async (): Promise<Delivery> => "drop",
    drain: async () => undefined,
  } satisfies ConsumerHost;
  const server = createAppCallbackServer({
    port: 0,
    consumers,
    bindings: Object.fromEntries(bindings.map((name) => [name, async () => undefined])),
    health,
    log: captureLog().log,
  });
  const { port } = await server.start();
  return {
    port,
    received,
    waitFor: (id, topic) =>
      pollUntil(() => received.find((event) => event.id === id && event.topic === topic), {
        timeoutMs: 60_000,
        message: `event ${id} on ${topic}`,
      }),
    [Symbol.asyncDispose]: () => server.stop(),
  };
};
