import type { Component } from "./load-components.ts";

/** Which topics of a pub/sub component an app may use; daprd's rules to the letter. */
export interface TopicScopes {
  mayPublish(topic: string): boolean;
  maySubscribe(topic: string): boolean;
}

export const toTopicScopes = ({ metadata }: Component, appId: string): TopicScopes => {
  const allowed = split(metadata["allowedTopics"], ",");
  const protectedTopics = split(metadata["protectedTopics"], ",");
  const check = (scope: string | undefined) => {
    const scoped = scopedTopics(scope, appId);
    return (topic: string): boolean => {
      if (allowed.length > 0 && !allowed.includes(topic)) return false;
      if (!protectedTopics.includes(topic) && scoped === undefined) return true;
      return scoped?.includes(topic) ?? false;
    };
  };
  return {
    mayPublish: check(metadata["publishingScopes"]),
    maySubscribe: check(metadata["subscriptionScopes"]),
  };
};

const split = (text: string | undefined, separator: string): string[] =>
  (text ?? "").replaceAll(" ", "").split(separator).filter(Boolean);

/** `a=x,y;b=`: an app that is named with nothing may nothing; one that is not named is not restricted by this list. */
const scopedTopics = (text: string | undefined, appId: string): string[] | undefined => {
  const entry = split(text, ";").find((app) => app.split("=", 1)[0] === appId && app.includes("="));
  return entry === undefined ? undefined : split(entry.slice(appId.length + 1), ",");
};
