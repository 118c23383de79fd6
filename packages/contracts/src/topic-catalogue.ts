import { type DescField, type DescMessage, getOption, hasOption, type Message, ScalarType } from "@bufbuild/protobuf";
import { event } from "./common.ts";
import { contextOf, files } from "./registry.ts";

/** One topic: it carries one kind of event. */
export interface Topic {
  /** `order.created` */
  readonly name: string;
  readonly schema: DescMessage;
  /** The CloudEvent's type, the message's full name: `tandem.order.v1.OrderCreated`. */
  readonly type: string;
  /** The context whose contract it is. While `shipping` does not exist, the order context publishes for it. */
  readonly context: string;
  /** The CloudEvent's subject: the id of what the event is about. Empty when the message does not say. */
  aggregateIdOf(message: Message): string;
  /** The aggregate's version after the change; 0 when the message does not say. */
  aggregateVersionOf(message: Message): bigint;
}

const fieldOf = (schema: DescMessage, name: string, scalar: ScalarType): DescField => {
  const field = schema.fields.find((candidate) => candidate.name === name);
  if (field?.fieldKind !== "scalar" || field.scalar !== scalar) {
    throw new TypeError(`${schema.typeName}: an event needs a field ${name} of type ${ScalarType[scalar]}`);
  }
  return field;
};

const read = (message: Message, field: DescField): unknown =>
  (message as Message & Record<string, unknown>)[field.localName];

const toTopic = (schema: DescMessage): Topic => {
  const options = getOption(schema, event);
  const id = fieldOf(schema, options.aggregateId, ScalarType.STRING);
  const version = fieldOf(schema, "aggregate_version", ScalarType.INT64);
  return {
    name: options.topic,
    schema,
    type: schema.typeName,
    context: contextOf(schema.file),
    aggregateIdOf: (message) => String(read(message, id) ?? ""),
    aggregateVersionOf: (message) => BigInt((read(message, version) as bigint | undefined) ?? 0n),
  };
};

/** Every topic of the platform, by name: the messages that carry the option `(tandem.common.v1.event)`. */
export const topicCatalogue: readonly Topic[] = Object.freeze(
  files
    .flatMap((file) => file.messages)
    .filter((message) => hasOption(message, event))
    .map(toTopic)
    .sort((a, b) => (a.name < b.name ? -1 : 1)),
);

const byType = new Map(topicCatalogue.map((topic) => [topic.type, topic]));
const byName = new Map(topicCatalogue.map((topic) => [topic.name, topic]));

/**
 * The topic that carries this message.
 * @throws TypeError when the message is no event: a mistake of the programmer
 */
export const topicOf = (schema: DescMessage): Topic => {
  const topic = byType.get(schema.typeName);
  if (!topic) throw new TypeError(`${schema.typeName} has no option (tandem.common.v1.event)`);
  return topic;
};

export const topicNamed = (name: string): Topic | undefined => byName.get(name);
