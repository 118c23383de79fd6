import type { ComponentDocument } from "./component-document.ts";
import type { TopicScopes } from "./topic-scopes.ts";
import { appIdsOf, type Topology } from "./topology.ts";

/** @throws TypeError naming an app that takes part somewhere, but of whose topics nothing is said */
export const checkTopology = (topology: Topology): void => {
  const { apps, crons, outbox, calls = [] } = topology;
  const known = new Set(appIdsOf(topology));
  const mentions: readonly (readonly [appId: string, where: string])[] = [
    ...crons.map(({ appId, binding }) => [appId, `the cron binding ${binding}`] as const),
    [outbox.appId, "the outbox"],
    ...calls.flatMap(({ caller, callee }) => [
      [caller, `calls to ${callee}`] as const,
      [callee, `calls of ${caller}`] as const,
    ]),
  ];
  for (const [appId, where] of mentions) {
    if (!known.has(appId)) throw new TypeError(`${appId} appears in ${where}, but has no topic scope`);
  }
  for (const { appId, consumes, deadLetterTopic } of apps) {
    if (consumes.length > 0 && deadLetterTopic === undefined)
      throw new TypeError(`${appId} consumes ${consumes.join(", ")}, but has no dead-letter topic`);
  }
};

/** @throws TypeError naming a component that every sidecar would load, or that one would load which there is not */
export const checkComponents = (components: readonly ComponentDocument[], topology: Topology): void => {
  const known = new Set(appIdsOf(topology));
  for (const { name, scopes = [] } of components) {
    if (scopes.length === 0) throw new TypeError(`the component ${name} has no scope: every sidecar would load it`);
    const stranger = scopes.find((appId) => !known.has(appId));
    if (stranger !== undefined)
      throw new TypeError(`the component ${name} is scoped to ${stranger}, which is no app id`);
  }
};

/** @throws TypeError naming an app id that pub/sub does not name: Dapr would let it publish and subscribe to all that is not protected */
export const checkTopicScopes = (scopes: TopicScopes, appIds: readonly string[]): void => {
  for (const kind of ["publishingScopes", "subscriptionScopes"] as const) {
    const named = new Set(scopes[kind].split(";").map((scope) => scope.split("=")[0]));
    const missing = appIds.find((appId) => !named.has(appId));
    if (missing !== undefined) throw new TypeError(`the app id ${missing} has no topic scope in ${kind} of pubsub`);
  }
};
