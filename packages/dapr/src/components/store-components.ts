import type { ComponentDocument } from "./component-document.ts";
import type { ComponentEnvironment } from "./component-environment.ts";
import { redisConnection } from "./pubsub-component.ts";
import type { Topology, TopologyCron } from "./topology.ts";

const STATE_COMMENT = `Carts, with Dapr's transactional outbox: about a second of latency and ten events a second per replica. Nothing on the critical path uses it.
keyPrefix "name": the API and the worker of the context see the same items.`;

export const stateStore = ({ outbox }: Topology, { stateUrl }: ComponentEnvironment): ComponentDocument => ({
  name: "statestore",
  type: "state.postgresql",
  version: "v2",
  comment: STATE_COMMENT,
  settings: {
    connectionString: stateUrl,
    tablePrefix: "dapr_",
    metadataTableName: "dapr_metadata",
    keyPrefix: "name",
    cleanupInterval: "10m",
    outboxPublishPubsub: "pubsub",
    outboxPublishTopic: outbox.topic,
  },
  scopes: [outbox.appId, `${outbox.appId}-worker`],
});

const GATEWAY_COMMENT = `What replicas of the gateway know of busy callers: small, short-lived, and no loss when it is gone. No outbox: nothing is published.`;

export const gatewayStore = (appId: string, { stateUrl }: ComponentEnvironment): ComponentDocument => ({
  name: "gatewaystore",
  type: "state.postgresql",
  version: "v2",
  comment: GATEWAY_COMMENT,
  settings: {
    connectionString: stateUrl,
    tablePrefix: "dapr_gateway_",
    metadataTableName: "dapr_gateway_metadata",
    keyPrefix: "name",
    cleanupInterval: "2m",
  },
  scopes: [appId],
});

/** For what only one replica may do at a time; in a cluster for workers, who alone have such work. */
export const lockStore = ({ apps }: Topology, environment: ComponentEnvironment): ComponentDocument => ({
  name: "lockstore",
  type: "lock.redis",
  settings: redisConnection(environment),
  ...(environment.kubernetes
    ? { scopes: apps.filter(({ deadLetterTopic }) => deadLetterTopic !== undefined).map(({ appId }) => appId) }
    : {}),
});

export const cronBinding = ({ binding, schedule, appId }: TopologyCron): ComponentDocument => ({
  name: binding,
  type: "bindings.cron",
  settings: { schedule, direction: "input" },
  scopes: [appId],
});
