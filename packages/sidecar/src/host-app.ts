import type { TopicSubscription } from "@tandem/dapr/protocol";
import type { Logger } from "@tandem/runtime";
import { callApp } from "./call-app.ts";
import { type AppChannel, connectToApp } from "./connect-to-app.ts";
import { createDeliverer, type Subscription } from "./deliver-messages.ts";
import type { FaultInjector } from "./faults.ts";
import { type Component, kindOf } from "./load-components.ts";
import type { MessageLog } from "./message-log.ts";
import type { Resiliency } from "./resiliency.ts";
import { type CronBindings, runCronBindings } from "./run-cron-bindings.ts";
import { toTopicScopes } from "./topic-scopes.ts";
import { watchAppHealth } from "./watch-app-health.ts";

export interface HostAppOptions {
  readonly appId: string;
  readonly appPort: number;
  readonly appApiToken?: string | undefined;
  /** Those that this app may load. */
  readonly components: readonly Component[];
  readonly resiliency: Resiliency;
  readonly messages: MessageLog;
  readonly faults: FaultInjector;
  readonly log: Logger;
  readonly healthIntervalMs?: number | undefined;
}

/** The sidecar's side of an app that is called by gRPC: its subscriptions, bindings and health. */
export interface HostedApp {
  readonly healthy: boolean;
  /** It was healthy before, if not now. */
  readonly seen: boolean;
  readonly subscriptions: readonly TopicSubscription[];
  stop(): Promise<void>;
}

// Below the lease of a claimed message.
const LONGEST_DELIVERY_MS = 50_000;
/** What the app has not answered by then is cut off, and comes again. */
const STOP_GRACE_MS = 5_000;

export const hostApp = (options: HostAppOptions): HostedApp => {
  const { appId, components, messages, faults, log } = options;
  const channel = connectToApp(options.appPort, options.appApiToken);
  const deliverer = createDeliverer({ log, messages, faults });
  messages.onMessage(deliverer);
  let subscriptions: readonly TopicSubscription[] = [];
  let crons: CronBindings | undefined;

  const open = async () => {
    const asked = await channel.callback.listTopicSubscriptions({}, { timeoutMs: 3_000 });
    subscriptions = permitted(asked.subscriptions, appId, components, log);
    // One that asks for nothing at all is a part of an app, the one that runs its jobs: what the other part listens to stays.
    if (asked.subscriptions.length > 0) {
      const wanted = asked.subscriptions.map(({ pubsubName, topic }) => ({ pubsub: pubsubName, topic }));
      const dropped = await messages.keepOnly(appId, wanted);
      if (dropped.length > 0)
        log.warn(
          { appId, topics: dropped },
          "the app does not listen to these any more: what was left of them is dropped",
        );
    }
    const { bindings: listening } = await channel.callback.listInputBindings({}, { timeoutMs: 3_000 });
    deliverer.open(await Promise.all(subscriptions.map((one) => toSubscription(one, options, channel, health.hurry))));
    crons?.[Symbol.dispose]();
    crons = runCronBindings(inputBindings(components, listening), channel, log);
    log.info({ appId, topics: subscriptions.length, bindings: crons.names.length }, "app is healthy");
  };

  const pause = async () => {
    crons?.[Symbol.dispose]();
    crons = undefined;
    await deliverer.pause();
  };

  const health = watchAppHealth({
    probe: async (timeoutMs) => void (await channel.health.healthCheck({}, { timeoutMs })),
    ...(options.healthIntervalMs === undefined ? {} : { intervalMs: options.healthIntervalMs }),
    connections: channel.connections,
    onHealthy: open,
    onUnhealthy: async (reason) => {
      log.info(
        { appId, reason: reason instanceof Error ? reason.message : String(reason) },
        "app is unhealthy: paused",
      );
      await pause();
    },
  });

  return {
    get healthy() {
      return health.healthy;
    },
    get seen() {
      return health.seen;
    },
    get subscriptions() {
      return subscriptions;
    },
    stop: async () => {
      await health.stop();
      await pause();
      const late = setTimeout(() => channel.close(), STOP_GRACE_MS);
      await deliverer.idle();
      clearTimeout(late);
      channel.close();
    },
  };
};

const permitted = (
  asked: readonly TopicSubscription[],
  appId: string,
  components: readonly Component[],
  log: Logger,
): readonly TopicSubscription[] =>
  asked.filter(({ pubsubName, topic }) => {
    const component = components.find(({ name }) => name === pubsubName);
    const allowed = component !== undefined && toTopicScopes(component, appId).maySubscribe(topic);
    if (!allowed) log.error({ appId, pubsub: pubsubName, topic }, "subscription is not allowed");
    return allowed;
  });

const inputBindings = (components: readonly Component[], listening: readonly string[]): readonly Component[] =>
  components.filter(
    (component) =>
      component.type === "bindings.cron" &&
      (listening.includes(component.name) || component.metadata["direction"]?.includes("input")),
  );

const toSubscription = async (
  subscription: TopicSubscription,
  { appId, messages, resiliency, log, components }: HostAppOptions,
  channel: AppChannel,
  onUnreachable: () => void,
): Promise<Subscription> => {
  const { topic, pubsubName, deadLetterTopic, bulkSubscribe } = subscription;
  const { retry, timeoutMs = LONGEST_DELIVERY_MS } = resiliency.inbound(pubsubName);
  const scopes = components.filter((one) => kindOf(one) === "pubsub" && one.name === pubsubName);
  const mayBury = scopes.every((component) => toTopicScopes(component, appId).mayPublish(deadLetterTopic));
  if (deadLetterTopic !== "" && !mayBury)
    log.error({ appId, deadLetterTopic }, "dead letters will be lost: no publishing scope");
  return {
    id: await messages.subscribe(appId, pubsubName, topic),
    topic,
    deadLetterTopic: mayBury ? deadLetterTopic : "",
    retry,
    bulk: bulkSubscribe?.enabled
      ? { size: bulkSubscribe.maxMessagesCount || 100, awaitMs: bulkSubscribe.maxAwaitDurationMs || 1_000 }
      : undefined,
    deliver: callApp(subscription, {
      channel,
      log,
      timeoutMs: Math.min(timeoutMs, LONGEST_DELIVERY_MS),
      onUnreachable,
    }),
  };
};
