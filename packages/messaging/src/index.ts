export {
  type ConsumerHost,
  type ConsumerHostOptions,
  createConsumerHost,
  type Delivery,
  type Subscription,
} from "./create-consumer-host.ts";
export { createRelay } from "./create-relay.ts";
export { createReplayWorker, type ReplayWorkerOptions } from "./create-replay-worker.ts";
export type { DeadLetter, DeadLetterReason, DeadLetterStatus } from "./dead-letter.ts";
export {
  type DeadLetterFilter,
  type DeadLetterGroup,
  type DeadLetterPage,
  type DeadLetterStore,
  deadLetterStore,
} from "./dead-letter-store.ts";
export {
  type BulkDelivery,
  type Consumer,
  type ConsumerContext,
  type ConsumerDefinition,
  defineConsumer,
  type RetryPolicy,
} from "./define-consumer.ts";
export {
  type EventPublisher,
  type IncomingEvent,
  newEvent,
  type OutboxEvent,
  type OutgoingEvent,
  type PublishOutcome,
} from "./events.ts";
export { type Housekeeping, housekeepOutbox } from "./housekeep-outbox.ts";
export { type InboxRow, type PruneOptions, pruneInbox } from "./inbox.ts";
export { messagingMigrations } from "./migrations.ts";
export {
  CARRIED_COLUMNS,
  type CarriedEvent,
  carriedEvents,
  createOutbox,
  type Outbox,
  type OutboxOptions,
  type OutboxWriter,
} from "./outbox.ts";
export { type OutboxBacklog, type OutboxStats, outboxBacklog, outboxStats } from "./outbox-stats.ts";
export { listParked, type ParkedEvent, type ParkedPage, releaseParked } from "./parked-events.ts";
export type { FaultPoint, RelayOptions } from "./relay-options.ts";
