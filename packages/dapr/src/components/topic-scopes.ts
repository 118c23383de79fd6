import { outboxTopicOf, type Topology, topicsOf } from "./topology.ts";

/** Which app may publish and subscribe to what, in the words of a pub/sub component. */
export interface TopicScopes {
  readonly allowedTopics: string;
  readonly protectedTopics: string;
  readonly publishingScopes: string;
  readonly subscriptionScopes: string;
}

/** @param closed apps without topics are named too, with none */
export const topicScopesOf = (topology: Topology, namespace: string, closed: boolean): TopicScopes => {
  const { apps, outbox, gateway } = topology;
  const topics = topicsOf(topology, namespace).join(",");
  const internal = outboxTopicOf(outbox, namespace);
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
  const nothing = closed && gateway !== undefined ? [scopeOf(gateway.appId, [])] : [];
  return {
    allowedTopics: topics,
    protectedTopics: topics,
    publishingScopes: [...publishes, ...nothing].join(";"),
    subscriptionScopes: [...subscribes, ...nothing].join(";"),
  };
};

const scopeOf = (appId: string, topics: readonly string[]): string =>
  `${appId}=${[...new Set(topics)].sort().join(",")}`;
