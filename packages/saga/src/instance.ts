import type { SagaStatus, SagaTypes } from "./types.ts";

export interface KeptEvent<T extends SagaTypes> {
  readonly id: string;
  readonly source?: string | undefined;
  readonly event: T["event"];
}

/** One saga at rest. Immutable; `advance` makes the next one. */
export interface SagaInstance<T extends SagaTypes> {
  readonly id: string;
  readonly definitionVersion: number;
  /** Grows with every transition; timers carry it, so that a late one is recognized. */
  readonly version: number;
  readonly status: SagaStatus;
  /** The forward state, or the one in which the saga turned round. */
  readonly state: T["state"];
  readonly data: T["data"];
  /** When the timer fires; absent in an end state and while parked. */
  readonly deadlineAt?: Date | undefined;
  /** Why it compensates or is parked. */
  readonly reason?: string | undefined;
  readonly startedAt: Date;
  readonly updatedAt: Date;
  readonly endedAt?: Date | undefined;
  readonly progress: Progress<T>;
}

/** The engine's own memory, stored beside the data. */
export interface Progress<T extends SagaTypes> {
  /** Entry count of the current state or compensation. */
  readonly attempt: number;
  /** What the timer means: the deadline of the wait, or the end of a pause before the next attempt. */
  readonly waiting: "deadline" | "retry";
  readonly visited: readonly T["state"][];
  /** Steps to take back if need be, in the order they began. */
  readonly begun: readonly T["step"][];
  /** The step being taken back. */
  readonly undoing?: T["step"] | undefined;
  /** Why it turned round; stays while parked, when `reason` says something else. */
  readonly compensationReason?: string | undefined;
  /** Events that came before the state that wants them. */
  readonly kept: readonly KeptEvent<T>[];
  /** Ids of events seen, newest last. */
  readonly seen: readonly string[];
}

export type StepOutcome =
  | "started"
  | "applied"
  | "kept"
  | "ignored"
  | "duplicate"
  | "unknown"
  | "timed_out"
  | "retried"
  | "compensating"
  | "parked"
  | "resumed"
  | "aborted";

/** One line of a saga's history. */
export interface StepRecord {
  readonly outcome: StepOutcome;
  readonly eventType?: string | undefined;
  readonly eventId?: string | undefined;
  /** The service that the event came from. */
  readonly source?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly note?: string | undefined;
}

export const isEnded = (status: SagaStatus): status is "completed" | "compensated" =>
  status === "completed" || status === "compensated";

/** Where a saga is, in one word for people: the state, or `undo <step>`. */
export const positionOf = <T extends SagaTypes>(instance: Pick<SagaInstance<T>, "state" | "progress">): string =>
  instance.progress.undoing === undefined ? instance.state : `undo ${instance.progress.undoing}`;
