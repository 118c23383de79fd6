import { joinDocuments, renderComponent, renderDocument, type Setting } from "./component-document.ts";
import { outboxTopicOf, type Topology, topicsOf } from "./topology.ts";

/** What differs between a laptop and a cluster. */
export interface ComponentEnvironment {
  /** Dapr's namespace: part of the name of its internal topics. `NAMESPACE` of the sidecar, "default" when it has none. */
  readonly namespace: string;
  readonly redisHost: Setting;
  readonly redisPassword?: Setting;
  /** Postgres of the state store. */
  readonly stateUrl: Setting;
  /** File of the name resolution, for sidecars on one machine. Absent: Dapr's default for the platform. */
  readonly namesFile?: string;
  /** Share of traces in which the sidecar adds spans of its own: 0 to 1, default 0. */
  readonly samplingRate?: number;
}

/** daprd beside a Redis-protocol broker and Postgres; where they are, the environment of daprd says. */
export const localEnvironment: ComponentEnvironment = {
  namespace: "default",
  redisHost: { envRef: "TANDEM_REDIS_HOST" },
  stateUrl: { envRef: "TANDEM_STATE_URL" },
  namesFile: ".tandem/dapr-names.db",
};

/** File name to content. */
export type RenderedFiles = Readonly<Record<string, string>>;

/** All component and resiliency files of a platform: daprd's `--resources-path`. Pure, and the same every time. */
export const renderComponents = (topology: Topology, environment: ComponentEnvironment): RenderedFiles => ({
  "pubsub.yaml": joinDocuments([renderPubsub(topology, environment)]),
  "statestore.yaml": joinDocuments([renderStateStore(topology, environment)]),
  ...(topology.gateway === undefined
    ? {}
    : { "gatewaystore.yaml": joinDocuments([renderGatewayStore(topology.gateway.appId, environment)]) }),
  "lockstore.yaml": joinDocuments([renderLockStore(environment)]),
  "cron.yaml": joinDocuments(topology.crons.map(renderCron)),
  "resiliency.yaml": joinDocuments([renderResiliency()]),
});

const redis = ({ redisHost, redisPassword }: ComponentEnvironment) => ({
  redisHost,
  ...(redisPassword === undefined ? {} : { redisPassword }),
});

const PUBSUB_COMMENT = `Milliseconds as plain numbers: "30s" would be ignored. processingTimeout is when a message of a dead sidecar goes to another; it is
longer than all tries of one delivery together. queueDepth stays small, because that clock starts when a message is read. Every subscribed topic keeps a connection waiting: with the default
pool (10 per processor) a worker of a dozen topics starves on a small machine, and whole topics are never subscribed to.
Every topic is protected and allowed to those named only: an app that is not named may nothing.`;

const renderPubsub = (topology: Topology, environment: ComponentEnvironment): string => {
  const { apps, outbox } = topology;
  const topics = topicsOf(topology, environment.namespace);
  const internal = outboxTopicOf(outbox, environment.namespace);
  // daprd publishes dead letters and the outbox's events in the name of the app.
  const publishes = apps.map(({ appId, publishes: own, deadLetterTopic }) =>
    scopeOf(appId, [
      ...own,
      ...(deadLetterTopic === undefined ? [] : [deadLetterTopic]),
      ...(appId === outbox.appId ? [internal, outbox.topic] : []),
    ]),
  );
  const subscribes = apps.map(({ appId, consumes, deadLetterTopic }) =>
    scopeOf(appId, [...consumes, ...(deadLetterTopic === undefined ? [] : [deadLetterTopic])]),
  );
  return renderComponent({
    name: "pubsub",
    type: "pubsub.redis",
    comment: PUBSUB_COMMENT,
    settings: {
      ...redis(environment),
      processingTimeout: "30000",
      redeliverInterval: "5000",
      concurrency: "32",
      queueDepth: "32",
      poolSize: "128",
      maxLenApprox: "100000",
      allowedTopics: topics.join(","),
      protectedTopics: topics.join(","),
      publishingScopes: publishes.join(";"),
      subscriptionScopes: subscribes.join(";"),
    },
  });
};

const scopeOf = (appId: string, topics: readonly string[]): string =>
  `${appId}=${[...new Set(topics)].sort().join(",")}`;

const STATE_COMMENT = `Carts, with Dapr's transactional outbox: about a second of latency and ten events a second per replica. Nothing on the critical path uses it.
keyPrefix "name": the API and the worker of the context see the same items.`;

const renderStateStore = ({ outbox }: Topology, { stateUrl }: ComponentEnvironment): string =>
  renderComponent({
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

const renderGatewayStore = (appId: string, { stateUrl }: ComponentEnvironment): string =>
  renderComponent({
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

const renderLockStore = (environment: ComponentEnvironment): string =>
  renderComponent({ name: "lockstore", type: "lock.redis", settings: redis(environment) });

const renderCron = ({ binding, schedule, appId }: Topology["crons"][number]): string =>
  renderComponent({
    name: binding,
    type: "bindings.cron",
    settings: { schedule, direction: "input" },
    scopes: [appId],
  });

const RESILIENCY_COMMENT = `Without a retry policy a failed message is lost, or with a dead-letter topic dead at once. The consumer counts its tries durably
and gives up first (8 by default); these ten, over some 25 s, are the net below it. They must end within processingTimeout.
The outbox relay and the callers have retries of their own: none is added on the way out.`;

const renderResiliency = (): string =>
  renderDocument(
    {
      apiVersion: "dapr.io/v1alpha1",
      kind: "Resiliency",
      metadata: { name: "resiliency" },
      spec: {
        policies: {
          retries: { delivery: { policy: "exponential", maxInterval: "5s", maxRetries: 9 } },
          timeouts: { delivery: "25s", store: "5s" },
        },
        targets: {
          components: {
            pubsub: { inbound: { retry: "delivery", timeout: "delivery" }, outbound: { timeout: "store" } },
            statestore: { outbound: { timeout: "store" } },
          },
        },
      },
    },
    RESILIENCY_COMMENT,
  );

const CONFIGURATION_COMMENT = `Never in the folder of the components: daprd would take it for a change, reload itself and not come back.`;

/** The configuration: daprd's `--config`. */
export const renderConfiguration = ({ namesFile, samplingRate = 0 }: ComponentEnvironment): string =>
  joinDocuments([renderDocument(configurationOf(namesFile, samplingRate), CONFIGURATION_COMMENT)]);

const configurationOf = (namesFile: string | undefined, samplingRate: number) => ({
  apiVersion: "dapr.io/v1alpha1",
  kind: "Configuration",
  metadata: { name: "tandem" },
  spec: {
    tracing: { samplingRate: String(samplingRate) },
    metrics: { enabled: true, http: { increasedCardinality: false } },
    ...(namesFile === undefined
      ? {}
      : { nameResolution: { component: "sqlite", version: "v1", configuration: { connectionString: namesFile } } }),
  },
});
