import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { createDapr, type Dapr } from "@tandem/dapr";
import type { OutboxEvent, PublishOutcome } from "@tandem/messaging";
import { pollUntil } from "@tandem/testkit";
import { startTestWorker, type TestWorker } from "../test-worker.ts";
import { apiToken, appApiToken, type Implementation, type RunningSidecars } from "./implementation.ts";

/** Sidecars of one implementation, with apps around them. */
export interface World extends AsyncDisposable {
  readonly implementation: Implementation;
  readonly sidecars: RunningSidecars;
  readonly worker: TestWorker;
  readonly bulkWorker: TestWorker;
  /** What reached the HTTP port of `caller`. */
  readonly requests: readonly SeenRequest[];
  dapr(appId: string): Dapr;
  httpUrl(appId: string): string;
  publish(appId: string, ...events: readonly OutboxEvent[]): Promise<readonly PublishOutcome[]>;
}

export interface SeenRequest {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** An event on `thing.created`, unless told otherwise. */
export const event = (init: Partial<OutboxEvent> = {}): OutboxEvent => ({
  id: randomUUID(),
  topic: "thing.created",
  type: "tandem.test.v1.ThingCreated",
  source: "caller",
  subject: "thing-1",
  aggregateVersion: 1n,
  data: JSON.stringify({ name: "thing" }),
  time: new Date(),
  traceparent,
  correlationId: "correlation-1",
  ...init,
});

export const buildWorld = async (implementation: Implementation): Promise<World> => {
  await using stack = new AsyncDisposableStack();
  const deadLetters = "worker.dead-letters";
  const worker = stack.use(
    await startTestWorker({
      token: appApiToken,
      topics: [
        { topic: "thing.created", deadLetterTopic: deadLetters },
        { topic: "cart.updated", deadLetterTopic: deadLetters },
        // Outside of its scope: the sidecar has to refuse.
        { topic: "thing.secret", deadLetterTopic: deadLetters },
        { topic: deadLetters, deadLetterTopic: undefined },
      ],
    }),
  );
  const bulkWorker = stack.use(
    await startTestWorker({
      token: appApiToken,
      topics: [{ topic: "thing.changed", deadLetterTopic: "bulk-worker.dead-letters" }],
      bulk: { maxMessages: 10, maxAwaitMs: 20 },
    }),
  );
  const requests: SeenRequest[] = [];
  const callerPort = await listenAsCaller(requests, stack);
  const sidecars = stack.use(
    await implementation.start({
      caller: { appPort: callerPort, protocol: "http" },
      worker: { appPort: worker.port, protocol: "grpc" },
      "bulk-worker": { appPort: bulkWorker.port, protocol: "grpc" },
      stranger: { appPort: callerPort, protocol: "http" },
    }),
  );
  const clients = new Map<string, Dapr>();
  const dapr = (appId: string): Dapr => {
    const found = clients.get(appId) ?? createDapr({ ...sidecars.ports(appId), apiToken });
    clients.set(appId, found);
    return found;
  };
  stack.defer(() => {
    for (const client of clients.values()) client.close();
  });
  await pollUntil(async () => (await dapr("worker").metadata()).subscriptions.length > 0, { message: "subscriptions" });
  const owned = stack.move();
  return {
    implementation,
    sidecars,
    worker,
    bulkWorker,
    requests,
    dapr,
    httpUrl: (appId) => `http://127.0.0.1:${sidecars.ports(appId).httpPort}`,
    publish: (appId, ...events) => dapr(appId).publisher("pubsub").publish(events, AbortSignal.timeout(10_000)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

/** The API of `caller`: echoes, and answers 418 at /teapot. */
const listenAsCaller = async (requests: SeenRequest[], stack: AsyncDisposableStack): Promise<number> => {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { method, url, headers } = request;
    // daprd asks an HTTP app what it subscribes to.
    if (url?.startsWith("/dapr/")) return void response.writeHead(404).end();
    requests.push({ method, url, headers, body });
    response.writeHead(url === "/teapot" ? 418 : 200, { "content-type": "text/plain", "x-from": "caller" });
    response.end(`echo ${body}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stack.defer(
    () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  );
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
};
