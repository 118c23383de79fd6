import { Code, ConnectError } from "@connectrpc/connect";
import type pg from "pg";
import { toCloudEvent } from "./cloud-event.ts";
import type { FaultInjector } from "./faults.ts";
import type { NewMessage } from "./hand-over-messages.ts";
import { type Component, kindOf } from "./load-components.ts";
import { createLockTable, type UnlockResult } from "./lock-table.ts";
import type { MessageLog } from "./message-log.ts";
import { toOutboxMessages } from "./outbox.ts";
import { createStateTable, EtagMismatch, type StateRow, type StateWrite } from "./state-table.ts";
import { type TopicScopes, toTopicScopes } from "./topic-scopes.ts";

export interface PublishEntry {
  readonly data: Uint8Array;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A write as the API brings it: the key is the app's own. */
export interface ApiStateWrite extends StateWrite {
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * What a sidecar does for its app, whatever protocol the app speaks. Failures are ConnectErrors with the codes that daprd
 * answers.
 */
export interface SidecarApi {
  publish(pubsub: string, topic: string, entries: readonly PublishEntry[], traceparent?: string): Promise<void>;
  getState(store: string, keys: readonly string[]): Promise<ReadonlyMap<string, StateRow>>;
  writeState(store: string, writes: readonly ApiStateWrite[]): Promise<void>;
  /** As `writeState`, in one transaction, and with the store's outbox. */
  transactState(store: string, writes: readonly ApiStateWrite[]): Promise<void>;
  tryLock(store: string, resource: string, owner: string, seconds: number): Promise<boolean>;
  unlock(store: string, resource: string, owner: string): Promise<UnlockResult>;
}

export interface SidecarApiOptions {
  readonly appId: string;
  /** Those that this app may load. */
  readonly components: readonly Component[];
  readonly messages: MessageLog;
  readonly pool: pg.Pool;
  readonly faults: FaultInjector;
}

export const createSidecarApi = ({ appId, components, messages, pool, faults }: SidecarApiOptions): SidecarApi => {
  const state = createStateTable(pool);
  const locks = createLockTable(pool);
  const scopesByComponent = new Map<Component, TopicScopes>();

  const find = (kind: "pubsub" | "state" | "lock", name: string): Component => {
    const component = components.find((one) => one.name === name && kindOf(one) === kind);
    if (component === undefined) throw new ConnectError(`${WORDS[kind]} ${name} is not found`, Code.InvalidArgument);
    return component;
  };

  /** Read once: they are long lists, and each publish asks. */
  const scopesOf = (component: Component): TopicScopes => {
    const known = scopesByComponent.get(component) ?? toTopicScopes(component, appId);
    scopesByComponent.set(component, known);
    return known;
  };

  const toMessages = (pubsub: string, topic: string, entries: readonly PublishEntry[], traceparent?: string) =>
    entries.map((entry): NewMessage => {
      const trace = traceparent === undefined ? {} : { traceparent };
      try {
        return { pubsub, topic, event: toCloudEvent({ ...entry, pubsub, topic, appId, ...trace }) };
      } catch (error) {
        throw new ConnectError(`cannot create cloudevent: ${String(error)}`, Code.InvalidArgument);
      }
    });

  return {
    publish: async (pubsub, topic, entries, traceparent) => {
      const scopes = scopesOf(find("pubsub", pubsub));
      if (topic === "") throw new ConnectError("topic is empty in pubsub", Code.InvalidArgument);
      if (!scopes.mayPublish(topic)) {
        throw new ConnectError(`topic ${topic} is not allowed for app id ${appId}`, Code.PermissionDenied);
      }
      const rows = toMessages(pubsub, topic, entries, traceparent);
      if (faults.hits("failPublish")) throw new ConnectError("injected: not published", Code.Internal);
      await guard("publish", () => messages.publish(rows));
      if (faults.hits("failPublishAfter")) throw new ConnectError("injected: published, but not told", Code.Internal);
    },

    getState: async (store, keys) => {
      const prefix = prefixOf(find("state", store), appId);
      const rows = await guard("get state", () => state.get(keys.map((key) => prefix + checkKey(key))));
      return new Map([...rows].map(([key, row]) => [key.slice(prefix.length), row]));
    },

    writeState: async (store, writes) => {
      const prefix = prefixOf(find("state", store), appId);
      const prefixed = writes.map((write) => ({ ...write, key: prefix + checkKey(write.key) }));
      await guard("save state", () => state.write(prefixed));
    },

    transactState: async (store, writes) => {
      const component = find("state", store);
      const prefix = prefixOf(component, appId);
      const prefixed = writes.map((write) => ({ ...write, key: prefix + checkKey(write.key) }));
      const { stored, published } = toOutboxMessages(component, appId, prefixed);
      const announce: (() => void)[] = [];
      await guard("state transaction", () =>
        state.write(stored, async (client) => {
          if (published.length > 0) announce.push(await messages.publishWithin(client, published));
        }),
      );
      for (const tell of announce) tell();
    },

    tryLock: async (store, resource, owner, seconds) => {
      const prefix = prefixOf(find("lock", store), appId);
      if (resource === "" || owner === "" || seconds <= 0) {
        throw new ConnectError("resource, owner and a positive expiry are needed", Code.InvalidArgument);
      }
      return guard("lock", () => locks.tryLock(store, prefix + resource, owner, seconds));
    },

    unlock: async (store, resource, owner) => {
      const prefix = prefixOf(find("lock", store), appId);
      return guard("unlock", () => locks.unlock(store, prefix + resource, owner));
    },
  };
};

/** As daprd calls them. */
const WORDS = { pubsub: "pubsub", state: "state store", lock: "lock store" } as const;

const checkKey = (key: string): string => {
  if (key === "" || key.includes("||"))
    throw new ConnectError(`state key "${key}" is not allowed`, Code.InvalidArgument);
  return key;
};

const prefixOf = ({ name, metadata }: Component, appId: string): string => {
  const strategy = (metadata["keyPrefix"] ?? "appid").toLowerCase();
  if (strategy === "none") return "";
  if (strategy === "name") return `${name}||`;
  return strategy === "appid" || strategy === "namespace" ? `${appId}||` : `${strategy}||`;
};

/** Failures of the database are what daprd reports of a broken component. */
const guard = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EtagMismatch) throw new ConnectError(error.message, Code.Aborted);
    throw new ConnectError(
      `failed to ${what}: ${error instanceof Error ? error.message : String(error)}`,
      Code.Internal,
    );
  }
};
