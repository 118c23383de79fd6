import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Logger } from "@tandem/runtime";
import type { IncomingEvent } from "./events.ts";
import type { InboxRow } from "./inbox.ts";

export interface RetryPolicy {
  /** Tries in all before the event becomes a dead letter: 1 to 100. Default 8. */
  readonly maxAttempts: number;
  /** Pause before the second try; the sidecar's policy is rendered from it. Default 200. */
  readonly minDelayMs: number;
  /** Longest pause. Default 10 000: the broker takes a message away from a worker that keeps it for longer than a minute. */
  readonly maxDelayMs: number;
}

/** Several events in one call of the sidecar. */
export interface BulkDelivery {
  /** 1 to 1000. */
  readonly maxMessages: number;
  /** How long the sidecar waits for a batch to fill: 1 to 10000. */
  readonly maxAwaitMs: number;
}

export interface ConsumerContext {
  /** Event id: the same on every redelivery and replay. */
  readonly id: string;
  /** The aggregate's id. */
  readonly subject: string;
  /** When the publisher's transaction began; undefined for events from elsewhere. */
  readonly time: Date | undefined;
  /** 1 on the first try. Best effort: a restart may lose count. */
  readonly attempt: number;
  /** Type as published; a newer version than the consumer's schema is possible. */
  readonly type: string;
  /** As it was delivered, unknown fields and all: for consumers that keep events rather than act on them. */
  readonly event: IncomingEvent;
  /**
   * For a handler that writes its inbox row in one statement with what it reads or changes first: a round trip less, and where that statement is
   * all there is to do, no transaction. Call it before one is opened, and tell the row what the insert made.
   */
  carryInbox(): InboxRow;
  /**
   * The event alone says that it is none of the handler's business, whenever it comes: nothing need remember that it came. Saves the inbox row,
   * which most events of a busy topic would be all there is to write for.
   */
  ignore(): void;
  /** Aborted at the consumer's timeout and when the worker's drain ends. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

export interface ConsumerDefinition<Desc extends DescMessage> {
  /** `<context>.<kebab-name>`: identity of the consumer and its inbox key. Renaming it replays what is retained. */
  readonly name: string;
  readonly event: Desc;
  readonly retry?: Partial<RetryPolicy>;
  /** Longest run of one try. Default 20 000; below the broker's redelivery time. */
  readonly timeoutMs?: number;
  /**
   * The handler's one statement does by itself what the inbox is for (a unique key of the event's id): no inbox row is written, and
   * nothing may be done twice. Default false.
   */
  readonly withoutInbox?: boolean;
  /**
   * Ask the sidecar for several events a call, where every consumer of the topic does. Each entry is still handled, answered and buried for
   * itself; but daprd hands over one batch of a topic at a time and retries within it, so this is for consumers that can wait and whose
   * failures are never about one event only. Default: one event a call.
   */
  readonly bulk?: BulkDelivery;
  /**
   * Resolve: done. An AppError with `retryable` false: dead letter at once. Anything else: again, by the retry policy.
   * May open one transaction; the inbox row commits with it.
   */
  handle(message: MessageShape<Desc>, context: ConsumerContext): Promise<unknown>;
}

/** A consumer with its message type forgotten, so that consumers of different events fit in one list. */
export interface Consumer {
  readonly name: string;
  readonly event: DescMessage;
  readonly retry: RetryPolicy;
  readonly timeoutMs: number;
  readonly withoutInbox: boolean;
  readonly bulk: BulkDelivery | undefined;
  handle(message: unknown, context: ConsumerContext): Promise<unknown>;
}

const RETRY: RetryPolicy = { maxAttempts: 8, minDelayMs: 200, maxDelayMs: 10_000 };
const NAME = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$/;

/** @throws TypeError for a name that is not `context.kebab-name` and for numbers out of range */
export const defineConsumer = <Desc extends DescMessage>(definition: ConsumerDefinition<Desc>): Consumer => {
  const { name, event, timeoutMs = 20_000, withoutInbox = false } = definition;
  const retry = { ...RETRY, ...definition.retry };
  if (!NAME.test(name)) throw new TypeError(`consumer ${name}: not <context>.<kebab-name>`);
  if (!(retry.maxAttempts >= 1 && retry.maxAttempts <= 100)) throw new TypeError(`consumer ${name}: maxAttempts`);
  if (!(retry.minDelayMs >= 0 && retry.maxDelayMs >= retry.minDelayMs)) throw new TypeError(`consumer ${name}: delays`);
  return {
    name,
    event,
    retry,
    timeoutMs,
    withoutInbox,
    bulk: definition.bulk,
    handle: (message, context) => definition.handle(message as MessageShape<Desc>, context),
  };
};
