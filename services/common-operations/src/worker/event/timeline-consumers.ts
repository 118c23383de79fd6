import { type Topic, topicCatalogue } from "@tandem/contracts";
import type { Clock } from "@tandem/kernel";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { TimelineStore } from "../../biz/ports.ts";
import { toTimelineEvent } from "../../events/to-timeline-event.ts";

export interface TimelineConsumersDeps {
  readonly timeline: TimelineStore;
  readonly clock: Clock;
  readonly topics?: readonly Topic[];
}

/** `common-operations.timeline-order-created` of `order.created`. */
const consumerName = (topic: Topic): string => `common-operations.timeline-${topic.name.replace(/[._]/g, "-")}`;

/**
 * One consumer per topic of the platform. Early and late mean nothing to a timeline; again: the event's id is its key. An event of
 * a version that this build does not know is kept as it came; what cannot be read at all becomes a dead letter.
 */
export const timelineConsumers = ({ timeline, clock, topics = topicCatalogue }: TimelineConsumersDeps): Consumer[] =>
  topics.map((topic) =>
    defineConsumer({
      name: consumerName(topic),
      event: topic.schema,
      withoutInbox: true,
      handle: (message, context) => timeline.append(toTimelineEvent(topic, message, context, clock.now())),
    }),
  );
