import { create, type DescMessage, type MessageInitShape, type MessageShape, toJsonString } from "@bufbuild/protobuf";
import { topicOf } from "@tandem/contracts";
import { AppError, newId } from "@tandem/kernel";

/** An event that a use case hands to the outbox. Trace and correlation are added there. */
export interface OutgoingEvent {
  /** UUID; the CloudEvent's id and the key of every consumer's inbox. */
  readonly id: string;
  readonly topic: string;
  /** Full name of the message, version included: `tandem.order.v1.OrderCreated`. */
  readonly type: string;
  /** The aggregate's id. Events of one subject are published one after the other. */
  readonly subject: string;
  readonly aggregateVersion: bigint;
  /** Proto JSON. */
  readonly data: string;
}

/** A row of the outbox on its way to the broker. */
export interface OutboxEvent extends OutgoingEvent {
  /** Who publishes: the context's app id. */
  readonly source: string;
  /** When its transaction began. */
  readonly time: Date;
  readonly traceparent?: string;
  readonly correlationId?: string;
}

export type PublishOutcome =
  | { readonly id: string; readonly status: "sent" }
  | {
      readonly id: string;
      readonly status: "failed";
      /** permanent: the same call will fail for ever (not our topic, too large). */
      readonly kind: "transient" | "permanent";
      readonly error: Error;
    };

/** The way to a broker. */
export interface EventPublisher {
  /**
   * Publishes events of different aggregates, in any order. One outcome per event, in any order; an event without one counts
   * as failed and goes again under the same id. A throw means the same for all. Should end when `signal` aborts.
   */
  publish(batch: readonly OutboxEvent[], signal: AbortSignal): Promise<readonly PublishOutcome[]>;
}

/** An event as a sidecar delivered it: nothing in it can be trusted. */
export interface IncomingEvent {
  readonly id: string;
  /** Of the subscription that brought it; a dead-letter topic for what the broker gave up on. */
  readonly topic: string;
  readonly type: string;
  readonly source: string;
  readonly subject?: string | undefined;
  readonly time?: Date | undefined;
  /** The payload's text. */
  readonly data: string;
  readonly dataContentType?: string | undefined;
  readonly pubsub?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly correlationId?: string | undefined;
  /** On a dead-letter topic: where it was published to. */
  readonly originalTopic?: string | undefined;
}

/**
 * An event of `schema` (a message with the option `tandem.common.v1.event`). Topic, type and subject come from the proto.
 * @throws AppError internal `event.subject_missing` when the field that names the aggregate is empty
 */
export const newEvent = <Desc extends DescMessage>(
  schema: Desc,
  init: MessageInitShape<Desc>,
  options: { readonly id?: string } = {},
): OutgoingEvent => {
  const topic = topicOf(schema);
  const message = create(schema, init) as MessageShape<Desc>;
  const subject = topic.aggregateIdOf(message);
  if (!subject) throw new AppError("internal", "event.subject_missing", `${schema.typeName} names no aggregate`);
  return {
    id: options.id ?? newId(),
    topic: topic.name,
    type: schema.typeName,
    subject,
    aggregateVersion: topic.aggregateVersionOf(message),
    data: toJsonString(schema, message),
  };
};
