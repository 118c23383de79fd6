import type { Http2Server, ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import type { BulkDelivery, ConsumerHost } from "@tandem/messaging";
import type { Health, Logger } from "@tandem/runtime";
import { answerBindings } from "./answer-bindings.ts";
import { answerTopics } from "./answer-topics.ts";
import { checkSubscriptions } from "./check-subscriptions.ts";
import { AppCallback, AppCallbackAlpha, AppCallbackHealthCheck } from "./gen/dapr/proto/runtime/v1/appcallback_pb.ts";
import { createInFlight } from "./track-in-flight.ts";
import { methodsOf } from "./unary-grpc/methods.ts";
import { createUnaryServer } from "./unary-grpc/serve-unary.ts";
import { createTokenVerifier } from "./verify-api-token.ts";

export type BulkSubscribeOptions = BulkDelivery;

export interface AppCallbackServerOptions {
  /** `APP_PORT`; 0 takes a free one. */
  readonly port: number;
  /** Default 127.0.0.1: only the sidecar has business here. */
  readonly host?: string;
  readonly consumers: ConsumerHost;
  /** By the name of the binding component: `cron-<job>`. */
  readonly bindings: Readonly<Record<string, (firedAt: Date) => Promise<void>>>;
  readonly health: Health;
  /** `APP_API_TOKEN`: the sidecar must send it. */
  readonly appApiToken?: string;
  readonly log: Logger;
  /** Name of the component, default "pubsub". */
  readonly pubsub?: string;
  /** For topics whose consumers ask for nothing themselves. Default: one event a call. */
  readonly bulk?: BulkSubscribeOptions;
  /** Events handled at a time, of all topics: 1 to 1000, default 16. More wait here. */
  readonly concurrency?: number;
  /** How long a drain waits for events in flight: default 20000. What is left then is cut off and comes again. */
  readonly drainTimeoutMs?: number;
}

export interface AppCallbackServer {
  /**
   * Listens. Call it before the sidecar is waited for: daprd waits for the port and then asks once what to subscribe to.
   * @throws AppError `dapr.subscription_invalid`; the error of `listen` when the port is taken
   */
  start(): Promise<{ readonly port: number }>;
  /**
   * From now on unhealthy, and new events are sent back for a retry. Resolves when the ones in flight are done, or
   * `drainTimeoutMs` is over. Idempotent.
   */
  drain(): Promise<void>;
  /** Drains, then closes the port. Idempotent. */
  stop(): Promise<void>;
}

/**
 * The server that a Dapr sidecar calls: events, bulk events, input bindings, health. gRPC over h2c, from Dapr's own protos.
 * A handler that fails is answered with RETRY, never with success.
 */
export const createAppCallbackServer = (options: AppCallbackServerOptions): AppCallbackServer => {
  const { consumers, bindings, health, log } = options;
  const inFlight = createInFlight();
  const verify = createTokenVerifier(options.appApiToken);
  const topics = answerTopics({
    consumers,
    log,
    inFlight,
    verify,
    pubsub: options.pubsub ?? "pubsub",
    concurrency: options.concurrency ?? 16,
    ...(options.bulk === undefined ? {} : { bulk: options.bulk }),
  });

  const server = createUnaryServer(
    new Map([
      ...methodsOf(AppCallback, { ...topics.callbacks, ...answerBindings({ bindings, log, inFlight, verify }) }),
      ...methodsOf(AppCallbackAlpha, { onBulkTopicEventAlpha1: topics.callbacks.onBulkTopicEvent }),
      ...methodsOf(AppCallbackHealthCheck, { healthCheck: () => topics.checkHealth(health) }),
    ]),
  );
  const sessions = trackSessions(server);
  let stopped: Promise<void> | undefined;

  const drain = async (): Promise<void> => {
    inFlight.refuse();
    const { drainTimeoutMs = 20_000 } = options;
    if (!(await inFlight.idle(drainTimeoutMs))) log.warn({ drainTimeoutMs }, "events are still in flight: cut off");
  };

  return {
    start: async () => {
      checkSubscriptions(consumers.topics, Object.keys(bindings));
      const port = await listen(server, options.port, options.host ?? "127.0.0.1");
      log.info(
        { port, topics: consumers.topics.length, bindings: Object.keys(bindings).length },
        "app callback server listens",
      );
      return { port };
    },
    drain,
    stop: () => {
      stopped ??= drain().then(() => close(server, sessions));
      return stopped;
    },
  };
};

const listen = (server: Http2Server, port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });

const trackSessions = (server: Http2Server): ReadonlySet<ServerHttp2Session> => {
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  return sessions;
};

/** A sidecar holds its connection for ever: the server would never close while it waits for that. */
const close = (server: Http2Server, sessions: ReadonlySet<ServerHttp2Session>): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    for (const session of sessions) session.close();
    setTimeout(() => {
      for (const session of sessions) session.destroy();
    }, 500).unref();
  });
