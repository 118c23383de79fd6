import { AppError } from "@tandem/kernel";

interface Subscription {
  readonly topic: string;
  readonly deadLetterTopic?: string | undefined;
}

const BINDING = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/**
 * What Dapr would accept in silence and then lose messages over: a topic twice, a topic without a dead-letter topic of its
 * own (after the retries the message is acknowledged and gone), a binding that no component can be named like.
 * @throws AppError `dapr.subscription_invalid` naming every fault
 */
export const checkSubscriptions = (topics: readonly Subscription[], bindings: readonly string[]): void => {
  const faults: string[] = [];
  const seen = new Set<string>();
  const deadLetterTopics = new Set(topics.map(({ deadLetterTopic }) => deadLetterTopic));
  for (const { topic, deadLetterTopic } of topics) {
    if (topic === "") faults.push("a subscription without a topic");
    if (seen.has(topic)) faults.push(`${topic}: subscribed twice`);
    seen.add(topic);
    if (!deadLetterTopic && !deadLetterTopics.has(topic)) faults.push(`${topic}: no dead-letter topic`);
  }
  for (const name of bindings) if (!BINDING.test(name)) faults.push(`binding ${name}: not a component's name`);
  if (faults.length > 0) {
    throw new AppError("failed_precondition", "dapr.subscription_invalid", `subscriptions: ${faults.join("; ")}`, {
      details: faults.map((message) => ({ message })),
    });
  }
};
