import { create } from "@bufbuild/protobuf";
import type { SidecarConnection } from "./connect-to-sidecar.ts";
import {
  type StateItem,
  StateItemSchema,
  StateOptions_StateConcurrency,
} from "./gen/dapr/proto/common/v1/common_pb.ts";
import { callSidecar } from "./to-app-error.ts";
import type { UnaryCallOptions } from "./unary-grpc/call-unary.ts";

/** A value read from the store. `etag` names exactly this version of it. */
export interface StateEntry<T> {
  readonly key: string;
  readonly value: T;
  readonly etag: string;
}

export interface SetStateOptions {
  /** Write only if the item still has this etag. `null`: only if there is no item yet. Absent: last write wins. */
  readonly etag?: string | null;
  /** The item vanishes after this many seconds; at least 1. Absent: never. */
  readonly ttlSeconds?: number;
  readonly signal?: AbortSignal;
}

/** What the outbox of the store publishes in place of the stored value, and under which CloudEvent attributes. */
export interface OutboxProjection {
  /** JSON. */
  readonly data: string;
  /** CloudEvent `type`. */
  readonly type: string;
  /** CloudEvent `subject`. */
  readonly subject: string;
  readonly traceparent?: string;
}

export type StateOperation =
  | {
      readonly op: "set";
      readonly key: string;
      readonly value: unknown;
      readonly etag?: string | null;
      readonly ttlSeconds?: number;
      /** Only with a store that has Dapr's outbox configured. Without it the stored value is what is published. */
      readonly publish?: OutboxProjection;
    }
  | { readonly op: "delete"; readonly key: string; readonly etag?: string };

/**
 * A Dapr state store with JSON values. Every method throws AppError: `dapr.etag_mismatch` (conflict) when somebody
 * else wrote first, else `dapr.<operation>_failed`.
 */
export interface StateStore {
  get<T>(key: string, signal?: AbortSignal): Promise<StateEntry<T> | undefined>;
  /** Missing keys are missing in the answer. */
  getMany<T>(keys: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, StateEntry<T>>>;
  set(key: string, value: unknown, options?: SetStateOptions): Promise<void>;
  /** Not atomic across items: see `transact`. */
  setMany(items: readonly { key: string; value: unknown; ttlSeconds?: number }[], signal?: AbortSignal): Promise<void>;
  delete(key: string, options?: { readonly etag?: string; readonly signal?: AbortSignal }): Promise<void>;
  deleteMany(keys: readonly string[], signal?: AbortSignal): Promise<void>;
  /** All or nothing. With an outbox configured, each `set` also publishes one event, once the transaction is committed. */
  transact(operations: readonly StateOperation[], signal?: AbortSignal): Promise<void>;
}

const encode = (value: unknown): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(value));
const decode = <T>(data: Uint8Array): T => JSON.parse(new TextDecoder().decode(data)) as T;
const within = (signal: AbortSignal | undefined): UnaryCallOptions => (signal === undefined ? {} : { signal });

export const createStateStore = ({ client }: SidecarConnection, storeName: string): StateStore => ({
  get: (key, signal) =>
    callSidecar("state_get", async () => {
      const { data, etag } = await client.getState({ storeName, key }, within(signal));
      return data.length === 0 ? undefined : { key, value: decode(data), etag };
    }),

  getMany: <T>(keys: readonly string[], signal?: AbortSignal) =>
    callSidecar("state_get", async () => {
      if (keys.length === 0) return new Map<string, StateEntry<T>>();
      const { items } = await client.getBulkState({ storeName, keys: [...keys], parallelism: 10 }, within(signal));
      const failed = items.find((item) => item.error !== "");
      if (failed !== undefined) throw new Error(`${failed.key}: ${failed.error}`);
      const found = items.filter((item) => item.data.length > 0);
      return new Map(found.map(({ key, data, etag }) => [key, { key, value: decode<T>(data), etag }]));
    }),

  set: (key, value, { signal, ...item } = {}) =>
    callSidecar("state_set", async () => {
      await client.saveState({ storeName, states: [toItem({ key, value, ...item })] }, within(signal));
    }),

  setMany: (items, signal) =>
    callSidecar("state_set", async () => {
      await client.saveState({ storeName, states: items.map(toItem) }, within(signal));
    }),

  delete: (key, { etag, signal } = {}) =>
    callSidecar("state_delete", async () => {
      await client.deleteState({ storeName, key, ...matching(etag) }, within(signal));
    }),

  deleteMany: (keys, signal) =>
    callSidecar("state_delete", async () => {
      await client.deleteBulkState({ storeName, states: keys.map((key) => ({ key })) }, within(signal));
    }),

  transact: (operations, signal) =>
    callSidecar("state_transaction", async () => {
      await client.executeStateTransaction(
        { storeName, operations: operations.flatMap(toTransactionalOperations) },
        within(signal),
      );
    }),
});

interface Item {
  readonly key: string;
  readonly value: unknown;
  readonly etag?: string | null;
  readonly ttlSeconds?: number;
}

const toItem = ({ key, value, etag, ttlSeconds }: Item): StateItem =>
  create(StateItemSchema, {
    key,
    value: encode(value),
    ...matching(etag),
    metadata: ttlSeconds === undefined ? {} : { ttlInSeconds: String(ttlSeconds) },
  });

/** First-write without an etag means "there must be no item yet". */
const matching = (etag: string | null | undefined) =>
  etag === undefined
    ? {}
    : {
        ...(etag === null ? {} : { etag: { value: etag } }),
        options: { concurrency: StateOptions_StateConcurrency.CONCURRENCY_FIRST_WRITE },
      };

const toTransactionalOperations = (operation: StateOperation) => {
  if (operation.op === "delete") {
    const { key, etag } = operation;
    return [{ operationType: "delete", request: create(StateItemSchema, { key, ...matching(etag) }) }];
  }
  const request = toItem(operation);
  const { publish } = operation;
  if (publish === undefined) {
    request.metadata["contentType"] = "application/json";
    return [{ operationType: "upsert", request }];
  }
  // Dapr copies the metadata of the stored item, not of the projection, into the CloudEvent's attributes.
  const { data, traceparent, ...attributes } = publish;
  Object.assign(request.metadata, attributes);
  if (traceparent !== undefined) request.metadata["traceparent"] = traceparent;
  const projection = create(StateItemSchema, {
    key: operation.key,
    value: new TextEncoder().encode(data),
    metadata: { "outbox.projection": "true", contentType: "application/json" },
  });
  // The projection comes last: Dapr takes it out of the list while it walks over it.
  return [
    { operationType: "upsert", request },
    { operationType: "upsert", request: projection },
  ];
};
