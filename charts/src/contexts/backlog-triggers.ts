import { TriggerAuthentication } from "../../imports/keda.sh.ts";
import type { Environment } from "../environments/index.ts";
import type { Platform } from "../platform.ts";
import type { Scope } from "../scope.ts";
import type { Binary } from "./binary.ts";
import { commonLabels } from "./labels.ts";

interface Trigger {
  readonly type: string;
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly authenticationRef?: { readonly name: string };
}

/** Messages per replica that may wait, and events in the outbox. */
const LAG = "100";
const OUTBOX = "500";
const AUTHENTICATION = "broker";

const brokerTrigger = (topic: string, consumerGroup: string, { broker }: Environment): Trigger => {
  const authenticationRef = { name: AUTHENTICATION };
  const name = topic.replaceAll(/[._]/g, "-");
  return broker.kind === "redis"
    ? {
        type: "redis-streams",
        name,
        // Never by the stream's length: what is acknowledged stays in it.
        metadata: { address: broker.address, stream: topic, consumerGroup, lagCount: LAG, enableTLS: "true" },
        authenticationRef,
      }
    : {
        type: "kafka",
        name,
        metadata: {
          bootstrapServers: broker.bootstrapServers,
          topic,
          consumerGroup,
          lagThreshold: LAG,
          sasl: "scram_sha512",
          tls: "enable",
          offsetResetPolicy: "earliest",
        },
        authenticationRef,
      };
};

/** In the target's own database, with its own URL. */
const outboxTrigger: Trigger = {
  type: "postgresql",
  name: "outbox",
  metadata: {
    query: "SELECT count(*) FROM tandem.outbox_claim",
    targetQueryValue: OUTBOX,
    connectionFromEnv: "DATABASE_URL",
  },
};

/** What waits for a worker: messages for the consumers, events of its own for the relay. */
export const backlogTriggers = (
  { appId, mode }: Binary,
  { topology }: Pick<Platform, "topology">,
  environment: Environment,
): readonly Trigger[] => {
  const consumes = topology.apps.find((app) => app.appId === appId)?.consumes ?? [];
  const lag = mode === "cron" ? [] : consumes.map((topic) => brokerTrigger(topic, appId, environment));
  // A worker that consumes nothing has the outbox alone to go by, in whatever mode.
  return mode === "event" && lag.length > 0 ? lag : [...lag, outboxTrigger];
};

/** How KEDA gets into the broker: by the same Secret as the sidecars. */
export const addBrokerAuthentication = (scope: Scope, { broker, installed, namespace }: Environment): void => {
  if (!installed.keda) return;
  const secret = broker.kind;
  const parameters = broker.kind === "redis" ? ["password"] : ["username", "password"];
  new TriggerAuthentication(scope.file("00-namespaces", "broker-authentication"), "authentication", {
    metadata: { name: AUTHENTICATION, namespace, labels: commonLabels(AUTHENTICATION) },
    spec: { secretTargetRef: parameters.map((parameter) => ({ parameter, name: secret, key: parameter })) },
  });
};
