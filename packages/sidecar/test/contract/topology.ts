import { type ComponentEnvironment, renderComponents, renderConfiguration, type Topology } from "@tandem/dapr";

/** `caller` is an API, `worker` and `bulk-worker` consume, `stranger` may nothing. */
export const topology: Topology = {
  apps: [
    { appId: "caller", publishes: ["thing.created", "thing.changed", "thing.secret"], consumes: [] },
    {
      appId: "worker",
      publishes: [],
      consumes: ["thing.created", "cart.updated"],
      deadLetterTopic: "worker.dead-letters",
    },
    {
      appId: "bulk-worker",
      publishes: [],
      consumes: ["thing.changed", "thing.created"],
      deadLetterTopic: "bulk-worker.dead-letters",
    },
    { appId: "stranger", publishes: [], consumes: [] },
  ],
  crons: [{ binding: "cron-tick", schedule: "CRON_TZ=UTC * * * * * *", appId: "worker" }],
  outbox: { appId: "caller", topic: "cart.updated" },
};

/** Tries after the first, and the pause between two: short, but together longer than it takes to notice that an app is gone. */
export const retries = { maxRetries: 3, pauseMs: 500 };

const environment: ComponentEnvironment = {
  namespace: "default",
  redisHost: { envRef: "TANDEM_REDIS_HOST" },
  stateUrl: { envRef: "TANDEM_STATE_URL" },
  namesFile: "names.db",
};

export const contractConfiguration = renderConfiguration(environment);

/** The platform's own component files, with a faster policy and a broker that gives up on dead sidecars sooner. */
export const renderContractComponents = (): Readonly<Record<string, string>> => {
  const files = renderComponents(topology, environment);
  const resiliency = files["resiliency.yaml"] ?? "";
  const pubsub = files["pubsub.yaml"] ?? "";
  return {
    ...files,
    "resiliency.yaml": resiliency
      .replace("policy: exponential", "policy: constant")
      .replace("maxInterval: 5s", `duration: ${retries.pauseMs}ms`)
      .replace("maxRetries: 9", `maxRetries: ${retries.maxRetries}`),
    "pubsub.yaml": pubsub.replace('"30000"', '"3000"').replace('"5000"', '"500"'),
  };
};
