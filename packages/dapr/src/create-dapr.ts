import type { EventPublisher } from "@tandem/messaging";
import { connectToSidecar } from "./connect-to-sidecar.ts";
import { createLockStore, type LockStore } from "./create-lock-store.ts";
import { createPublisher, type PublisherOptions } from "./create-publisher.ts";
import { createStateStore, type StateStore } from "./create-state-store.ts";
import { callSidecar } from "./to-app-error.ts";
import { waitUntilReady } from "./wait-until-ready.ts";

export interface DaprOptions {
  /** Default 127.0.0.1: a sidecar shares the network of its app. */
  readonly host?: string;
  readonly grpcPort: number;
  readonly httpPort: number;
  /** `DAPR_API_TOKEN`, when the sidecar asks for one. */
  readonly apiToken?: string;
  /** For calls that carry no deadline of their own: default 5000. */
  readonly defaultTimeoutMs?: number;
}

/** What a sidecar says about itself. */
export interface SidecarMetadata {
  readonly appId: string;
  readonly version: string;
  readonly components: readonly { readonly name: string; readonly type: string; readonly version: string }[];
  readonly subscriptions: readonly {
    readonly pubsub: string;
    readonly topic: string;
    readonly deadLetterTopic: string;
  }[];
}

/** One app's way to its sidecar. Opens no connection before the first call. */
export interface Dapr {
  publisher(pubsub: string, options?: PublisherOptions): EventPublisher;
  state(store: string): StateStore;
  locks(store: string): LockStore;
  /** @throws AppError `dapr.metadata_failed` */
  metadata(signal?: AbortSignal): Promise<SidecarMetadata>;
  /** @throws AppError `dapr.not_ready`, `dapr.cancelled` */
  waitUntilReady(signal?: AbortSignal, options?: { readonly timeoutMs?: number }): Promise<void>;
  /**
   * Base URL of another app through the sidecar: append the path of an HTTP or Connect request. The same as a request to
   * the sidecar with the header `dapr-app-id`; send `dapr-api-token` with it when the sidecar asks for one.
   */
  invokeBaseUrl(appId: string): string;
  close(): void;
}

export const createDapr = (options: DaprOptions): Dapr => {
  const { host = "127.0.0.1", httpPort } = options;
  const baseUrl = `http://${host}:${httpPort}`;
  const connection = connectToSidecar(options);
  return {
    publisher: (pubsub, publisherOptions) => createPublisher(connection, pubsub, publisherOptions),
    state: (store) => createStateStore(connection, store),
    locks: (store) => createLockStore(connection, store),
    metadata: (signal) => callSidecar("metadata", () => readMetadata(connection, signal)),
    waitUntilReady: (signal, { timeoutMs } = {}) =>
      waitUntilReady({ baseUrl, ...(timeoutMs === undefined ? {} : { timeoutMs }) }, signal),
    invokeBaseUrl: (appId) => `${baseUrl}/v1.0/invoke/${appId}/method`,
    close: () => connection.close(),
  };
};

const readMetadata = async (
  { client }: ReturnType<typeof connectToSidecar>,
  signal: AbortSignal | undefined,
): Promise<SidecarMetadata> => {
  const answer = await client.getMetadata({}, signal === undefined ? {} : { signal });
  return {
    appId: answer.id,
    version: answer.runtimeVersion,
    components: answer.registeredComponents.map(({ name, type, version }) => ({ name, type, version })),
    subscriptions: answer.subscriptions.map(({ pubsubName, topic, deadLetterTopic }) => ({
      pubsub: pubsubName,
      topic,
      deadLetterTopic,
    })),
  };
};
