import { type Topic, topicCatalogue } from "@tandem/contracts";
import type { Clock } from "@tandem/kernel";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { Metrics } from "@tandem/runtime";
import type { TimelineStore } from "../../biz/ports.ts";
import { toTimelineEvent } from "../../events/to-timeline-event.ts";

export interface TimelineConsumersDeps {
  readonly timeline: TimelineStore;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly topics?: readonly Topic[];
}

/**
 * A timeline may be half a second late, and what fails here fails for all (the database is away) or is a dead letter at once: no event's retries
 * hold up those behind it. It gets every event of the platform: one by one it was a third of all deliveries.
 */
const BULK = { maxMessages: 100, maxAwaitMs: 500 };

/** `common-operations.timeline-order-created` of `order.created`. */
const consumerName = (topic: Topic): string => `common-operations.timeline-${topic.name.replace(/[._]/g, "-")}`;

/**
 * One consumer per topic of the platform. Early and late mean nothing to a timeline; again: the event's id is its key. An event of
 * a version that this build does not know is kept as it came; what cannot be read at all becomes a dead letter.
 */
export const timelineConsumers = ({
  timeline,
  clock,
  metrics,
  topics = topicCatalogue,
}: TimelineConsumersDeps): Consumer[] => {
  const lag = metrics.histogram({
    name: "tandem_common_operations_timeline_lag_seconds",
    help: "From what happened to its place in the timeline, by the clocks of publisher and reader",
  });
  const foreign = metrics.counter({
    name: "tandem_common_operations_foreign_events_total",
    help: "Events of a version that this build does not know, kept as they came",
    labels: ["topic"],
  });
  return topics.map((topic) =>
    defineConsumer({
      name: consumerName(topic),
      event: topic.schema,
      withoutInbox: true,
      bulk: BULK,
      handle: async (message, context) => {
        const event = toTimelineEvent(topic, message, context, clock.now());
        if (!(await timeline.append(event))) return;
        lag.observe(Math.max(0, event.receivedAt.getTime() - event.occurredAt.getTime()) / 1_000);
        if (event.foreignVersion) foreign.inc({ topic: topic.name });
      },
    }),
  );
};
