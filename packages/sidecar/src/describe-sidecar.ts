import { PubsubSubscriptionType, type TopicSubscription } from "@tandem/dapr/protocol";
import { type Component, kindOf } from "./load-components.ts";

export interface SidecarMetadata {
  describe(): ReturnType<typeof describe>;
  set(key: string, value: string): void;
}

export interface DescribeOptions {
  readonly appId: string;
  readonly components: readonly Component[];
  readonly app?: { readonly port: number; readonly protocol: string } | undefined;
  readonly subscriptions: () => readonly TopicSubscription[];
}

/** The version of Dapr whose API is spoken. */
const RUNTIME_VERSION = "1.18.3-embedded";

const CAPABILITIES: Readonly<Record<string, readonly string[]>> = {
  state: ["ETAG", "TRANSACTIONAL", "TTL"],
  pubsub: ["BULK_PUBLISH"],
};

/** What the metadata API answers. */
export const createSidecarMetadata = (options: DescribeOptions): SidecarMetadata => {
  const extended: Record<string, string> = { daprRuntimeVersion: RUNTIME_VERSION };
  return {
    describe: () => describe(options, extended),
    set: (key, value) => {
      extended[key] = value;
    },
  };
};

const describe = ({ appId, components, app, subscriptions }: DescribeOptions, extended: Record<string, string>) => ({
  id: appId,
  runtimeVersion: RUNTIME_VERSION,
  registeredComponents: components.map((component) => ({
    name: component.name,
    type: component.type,
    version: component.version,
    capabilities: [...(CAPABILITIES[kindOf(component)] ?? [])],
  })),
  extendedMetadata: { ...extended },
  subscriptions: subscriptions().map(({ pubsubName, topic, deadLetterTopic }) => ({
    pubsubName,
    topic,
    deadLetterTopic,
    type: PubsubSubscriptionType.PROGRAMMATIC,
  })),
  ...(app === undefined
    ? {}
    : { appConnectionProperties: { port: app.port, protocol: app.protocol, channelAddress: "127.0.0.1" } }),
});
