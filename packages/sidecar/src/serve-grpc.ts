import { Code, ConnectError } from "@connectrpc/connect";
import { DaprService, StateConcurrency, type StateItem, UnlockStatus } from "@tandem/dapr/protocol";
import { methodsOf, type RequestHeader, type UnaryCall, type UnaryMethods } from "@tandem/dapr/unary-grpc";
import type { SidecarMetadata } from "./describe-sidecar.ts";
import type { ApiStateWrite, SidecarApi } from "./sidecar-api.ts";

export interface GrpcOptions {
  readonly api: SidecarApi;
  readonly metadata: SidecarMetadata;
  /** Throws when the caller may not. */
  readonly verify: (header: RequestHeader) => void;
}

const UNLOCK = {
  success: UnlockStatus.SUCCESS,
  missing: UnlockStatus.LOCK_DOES_NOT_EXIST,
  foreign: UnlockStatus.LOCK_BELONGS_TO_OTHERS,
} as const;

/** The part of Dapr's API that the platform uses. The rest is answered with Unimplemented. */
export const serveGrpc = ({ api, metadata: sidecar, verify }: GrpcOptions): UnaryMethods => {
  const bulkPublish = async (request: BulkRequest, { requestHeader }: UnaryCall) => {
    verify(requestHeader);
    const ids = new Set(request.entries.map(({ entryId }) => entryId));
    if (ids.size < request.entries.length || ids.has("")) {
      throw new ConnectError("entryId is duplicated or not present for entry", Code.InvalidArgument);
    }
    const entries = request.entries.map(({ event, contentType, metadata: own }) => ({
      data: event,
      contentType,
      metadata: { ...request.metadata, ...own },
    }));
    await api.publish(request.pubsubName, request.topic, entries, requestHeader.get("traceparent") ?? undefined);
    return { failedEntries: [] };
  };

  return methodsOf(DaprService, {
    publishEvent: async (request, { requestHeader }) => {
      verify(requestHeader);
      const { pubsubName, topic, data, dataContentType: contentType, metadata: own } = request;
      const trace = requestHeader.get("traceparent") ?? undefined;
      await api.publish(pubsubName, topic, [{ data, contentType, metadata: own }], trace);
      return {};
    },
    bulkPublishEvent: bulkPublish,
    bulkPublishEventAlpha1: bulkPublish,

    getState: async ({ storeName, key }, { requestHeader }) => {
      verify(requestHeader);
      const row = (await api.getState(storeName, [key])).get(key);
      const metadata: Record<string, string> = {};
      if (row?.expiresAt !== undefined) metadata["ttlExpireTime"] = row.expiresAt.toISOString();
      return { data: bytes(row?.value ?? new Uint8Array()), etag: row?.etag ?? "", metadata };
    },
    getBulkState: async ({ storeName, keys }, { requestHeader }) => {
      verify(requestHeader);
      const rows = await api.getState(storeName, keys);
      const items = keys.map((key) => {
        const row = rows.get(key);
        return row === undefined ? { key } : { key, data: bytes(row.value), etag: row.etag };
      });
      return { items };
    },
    saveState: async ({ storeName, states }, { requestHeader }) => {
      verify(requestHeader);
      await api.writeState(
        storeName,
        states.map((item) => toWrite(item, item.value)),
      );
      return {};
    },
    deleteState: async ({ storeName, ...item }, { requestHeader }) => {
      verify(requestHeader);
      await api.writeState(storeName, [toWrite(item, undefined)]);
      return {};
    },
    deleteBulkState: async ({ storeName, states }, { requestHeader }) => {
      verify(requestHeader);
      await api.writeState(
        storeName,
        states.map((item) => toWrite(item, undefined)),
      );
      return {};
    },
    executeStateTransaction: async ({ storeName, operations }, { requestHeader }) => {
      verify(requestHeader);
      const writes = operations.map(({ operationType, request }) => {
        if (request === undefined || (operationType !== "upsert" && operationType !== "delete")) {
          throw new ConnectError(`operation type ${operationType} not supported`, Code.Unimplemented);
        }
        return toWrite(request, operationType === "upsert" ? request.value : undefined);
      });
      await api.transactState(storeName, writes);
      return {};
    },

    tryLockAlpha1: async ({ storeName, resourceId, lockOwner, expiryInSeconds }, { requestHeader }) => {
      verify(requestHeader);
      return { success: await api.tryLock(storeName, resourceId, lockOwner, expiryInSeconds) };
    },
    unlockAlpha1: async ({ storeName, resourceId, lockOwner }, { requestHeader }) => {
      verify(requestHeader);
      return { status: UNLOCK[await api.unlock(storeName, resourceId, lockOwner)] };
    },

    getMetadata: (_request, { requestHeader }) => {
      verify(requestHeader);
      return sidecar.describe();
    },
    setMetadata: ({ key, value }, { requestHeader }) => {
      verify(requestHeader);
      sidecar.set(key, value);
      return {};
    },
  });
};

interface BulkRequest {
  readonly pubsubName: string;
  readonly topic: string;
  readonly entries: readonly {
    readonly entryId: string;
    readonly event: Uint8Array;
    readonly contentType: string;
    readonly metadata: Record<string, string>;
  }[];
  readonly metadata: Record<string, string>;
}

type Item = Pick<StateItem, "key" | "etag" | "options" | "metadata">;

const toWrite = ({ key, etag, options, metadata }: Item, value: Uint8Array | undefined): ApiStateWrite => {
  const ttl = Number(metadata["ttlInSeconds"]);
  return {
    key,
    value,
    etag: etag === undefined || etag.value === "" ? undefined : etag.value,
    firstWrite: options?.concurrency === StateConcurrency.CONCURRENCY_FIRST_WRITE,
    ttlSeconds: ttl > 0 ? ttl : undefined,
    metadata,
  };
};

const bytes = (value: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(value);
