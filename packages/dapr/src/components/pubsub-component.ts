import type { ComponentDocument, Setting } from "./component-document.ts";
import type { ComponentEnvironment, KafkaSettings } from "./component-environment.ts";
import { topicScopesOf } from "./topic-scopes.ts";
import type { Topology } from "./topology.ts";

const TOPICS_COMMENT =
  "Every topic is protected and allowed to those named only: an app that is not named may nothing.";

const REDIS_COMMENT = `Milliseconds as plain numbers: "30s" would be ignored. processingTimeout is when a message of a dead sidecar goes to another; it is
longer than all tries of one delivery together. queueDepth stays small, because that clock starts when a message is read. Every subscribed topic keeps a connection waiting: with the default
pool (10 per processor) a worker of a dozen topics starves on a small machine, and whole topics are never subscribed to.
daprd waits without an end, so whenever it takes an app for unhealthy and subscribes anew, a connection per topic stays until that topic's next message: the
pool has room for that to happen two dozen times to the worker of most topics. With a readTimeout it would not, but log an error per idle topic and timeout.
${TOPICS_COMMENT}`;

const KAFKA_COMMENT = `A consumer group per app id, and a new one starts with the oldest event: nothing is missed that was published before its first start. Events carry their
aggregate's id as partition key, so that one aggregate's events stay in order. What even the dead-letter topic does not take is tried again until it does: the
partition waits, nothing is lost. version is the oldest protocol that we want: brokers from 4.0 on refuse sarama's default of 2.0.
${TOPICS_COMMENT}`;

/** The one component through which events go. */
export const pubsubComponent = (topology: Topology, environment: ComponentEnvironment): ComponentDocument => {
  const { namespace, kafka, kubernetes = false } = environment;
  const scopes = topicScopesOf(topology, namespace, kubernetes);
  return {
    name: "pubsub",
    ...(kafka === undefined
      ? { type: "pubsub.redis", comment: REDIS_COMMENT, settings: { ...redisOf(environment), ...scopes } }
      : { type: "pubsub.kafka", comment: KAFKA_COMMENT, settings: { ...kafkaOf(kafka), ...scopes } }),
    // An API has nothing to do with it: its worker's relay publishes. Only Dapr's outbox does so in the API's own sidecar.
    ...(kubernetes ? { scopes: appsWithTopics(topology) } : {}),
  };
};

const appsWithTopics = ({ apps, outbox }: Topology): readonly string[] =>
  apps
    .filter(({ appId, deadLetterTopic }) => deadLetterTopic !== undefined || appId === outbox.appId)
    .map(({ appId }) => appId);

export const redisConnection = ({ redisHost, redisPassword, redisTls }: ComponentEnvironment) => ({
  redisHost,
  ...(redisPassword === undefined ? {} : { redisPassword }),
  ...(redisTls === undefined ? {} : { enableTLS: String(redisTls) }),
});

const redisOf = (environment: ComponentEnvironment): Readonly<Record<string, Setting>> => ({
  ...redisConnection(environment),
  processingTimeout: "30000",
  redeliverInterval: "5000",
  concurrency: "32",
  queueDepth: "32",
  poolSize: "1024",
  maxLenApprox: "100000",
});

const kafkaOf = ({ brokers, username, password }: KafkaSettings): Readonly<Record<string, Setting>> => ({
  brokers,
  authType: "password",
  saslMechanism: "SHA-512",
  saslUsername: username,
  saslPassword: password,
  disableTls: "false",
  clientID: "{appID}",
  consumerGroup: "{appID}",
  initialOffset: "oldest",
  consumeRetryEnabled: "true",
  consumeRetryInterval: "1s",
  sessionTimeout: "20s",
  heartbeatInterval: "5s",
  producerRequiredAcks: "all",
  version: "3.0.0",
});
