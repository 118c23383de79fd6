/** Who talks to whom, as far as Dapr has to know. Read from the code: contracts say who publishes, workers what they consume and when they run. */
export interface Topology {
  readonly apps: readonly TopologyApp[];
  readonly crons: readonly TopologyCron[];
  /** The store whose transactions publish an event by Dapr's outbox. */
  readonly outbox: TopologyOutbox;
  /** The app whose replicas tell each other about callers' rates. */
  readonly gateway?: { readonly appId: string };
  /** Who may call whom through sidecars. Absent: said nowhere, which in a cluster means nobody. */
  readonly calls?: readonly TopologyCall[];
}

export interface TopologyApp {
  readonly appId: string;
  readonly publishes: readonly string[];
  readonly consumes: readonly string[];
  /** Of an app that consumes: where what it cannot handle goes. */
  readonly deadLetterTopic?: string;
}

export interface TopologyCron {
  /** Name of the binding: `cron-order-saga-timeout`. */
  readonly binding: string;
  /** Six fields, absolute; `CRON_TZ=UTC ` in front. */
  readonly schedule: string;
  /** The worker that runs the job. */
  readonly appId: string;
}

export interface TopologyOutbox {
  /** The app that writes to the store. */
  readonly appId: string;
  readonly topic: string;
}

export interface TopologyCall {
  readonly caller: string;
  readonly callee: string;
  /** The first one that fits a path decides: what is refused stands before what is allowed around it. */
  readonly operations: readonly TopologyOperation[];
}

export interface TopologyOperation {
  /** `/tandem.pricing.v1.PricingService/**`: a path, or with `/**` a path and all below it. */
  readonly path: string;
  /** HTTP methods; empty: refused, whatever the method. */
  readonly methods: readonly string[];
}

/** daprd's name for the topic through which an outbox passes its events to itself. */
export const outboxTopicOf = ({ appId, topic }: TopologyOutbox, namespace: string): string =>
  `${namespace}${appId}${topic}outbox`;

/** Every topic that there is, sorted: what is not among them may nobody use. */
export const topicsOf = ({ apps, outbox }: Topology, namespace: string): readonly string[] => {
  const names = apps.flatMap(({ publishes, consumes, deadLetterTopic }) => [
    ...publishes,
    ...consumes,
    ...(deadLetterTopic === undefined ? [] : [deadLetterTopic]),
  ]);
  return [...new Set([...names, outboxTopicOf(outbox, namespace)])].sort();
};

/** Every app that has a sidecar. */
export const appIdsOf = ({ apps, gateway }: Topology): readonly string[] => [
  ...apps.map(({ appId }) => appId),
  ...(gateway === undefined ? [] : [gateway.appId]),
];
