export { type Advance, advance, begin, type SagaInput } from "./advance.ts";
export {
  type ApplyContext,
  createSagaEngine,
  type EventMeta,
  type HandleResult,
  type SagaEngine,
  type SagaEngineOptions,
} from "./create-saga-engine.ts";
export type { TimerOptions } from "./create-timer-worker.ts";
export { defineSaga } from "./define-saga.ts";
export { isEnded, positionOf, type SagaInstance, type StepOutcome, type StepRecord } from "./instance.ts";
export { sagaMigrations } from "./migrations.ts";
export type { SagaHistoryEntry, SagaListQuery, SagaQueries, SagaSummary, StuckSaga } from "./saga-queries.ts";
export type {
  Compensation,
  CompensationDecision,
  Decision,
  EndState,
  RetryPolicy,
  SagaContext,
  SagaDefinition,
  SagaStatus,
  SagaTypes,
  WaitingState,
} from "./types.ts";
