import { AppError } from "@tandem/kernel";
import { isEnded, type KeptEvent, type Progress, positionOf, type SagaInstance, type StepRecord } from "./instance.ts";
import type {
  Compensation,
  CompensationDecision,
  Decision,
  RetryPolicy,
  SagaContext,
  SagaDefinition,
  SagaStatus,
  SagaTypes,
  WaitingState,
} from "./types.ts";

const undoRetry: RetryPolicy = { maxAttempts: 5 };
const forwardRetry: RetryPolicy = { maxAttempts: 1 };

const pauseMs = ({ delayMs = 1_000, maxDelayMs = 60_000 }: RetryPolicy, attempt: number) =>
  Math.min(maxDelayMs, delayMs * 2 ** (attempt - 1));

/** An instance being worked on: the primitive moves, and what they cause. Pure: it touches nothing but itself. */
export class Draft<T extends SagaTypes> {
  readonly definition: SagaDefinition<T>;
  readonly before: SagaInstance<T>;
  readonly now: Date;
  readonly effects: T["effect"][] = [];
  readonly steps: StepRecord[] = [];
  /** State, deadline or status changed, so the version grows and the timer is set anew. */
  moved = false;
  status: SagaStatus;
  state: T["state"];
  data: T["data"];
  reason: string | undefined;
  deadlineAt: Date | undefined;
  progress: Progress<T>;

  constructor(definition: SagaDefinition<T>, before: SagaInstance<T>, now: Date) {
    this.definition = definition;
    this.before = before;
    this.now = now;
    this.status = before.status;
    this.state = before.state;
    this.data = before.data;
    this.reason = before.reason;
    this.deadlineAt = before.deadlineAt;
    this.progress = before.progress;
  }

  get position(): string {
    return positionOf(this);
  }
  get context(): SagaContext {
    const { attempt, compensationReason } = this.progress;
    const base = { id: this.before.id, attempt, now: this.now };
    return compensationReason === undefined ? base : { ...base, reason: compensationReason };
  }
  /** The state waited in; `undefined` while compensating and in an end state. */
  get waitingState(): WaitingState<T> | undefined {
    if (this.progress.undoing !== undefined) return undefined;
    const spec = this.definition.states[this.state];
    return spec.end === undefined ? spec : undefined;
  }
  get compensation(): Compensation<T> | undefined {
    const { undoing } = this.progress;
    if (undoing === undefined) return undefined;
    const spec = this.definition.compensations[undoing];
    return spec === "none" ? undefined : spec;
  }

  /** Adds a line to the history; `at` puts a cause before the lines of what it caused. */
  record(step: StepRecord, at = this.steps.length): void {
    this.steps.splice(at, 0, step);
  }
  remember(patch: Partial<Progress<T>>): void {
    this.progress = { ...this.progress, ...patch };
  }
  change({ data, effects }: { readonly data?: Partial<T["data"]>; readonly effects?: readonly T["effect"][] }): void {
    if (data) this.data = { ...this.data, ...data };
    if (effects) this.effects.push(...effects);
  }

  enter(state: T["state"], attempt = 1): void {
    const spec = this.definition.states[state];
    if (!spec) throw new AppError("internal", "saga.unknown_state", `${this.definition.name} has no state ${state}`);
    const { visited, begun } = this.progress;
    this.moved = true;
    this.state = state;
    this.remember({
      attempt,
      waiting: "deadline",
      undoing: undefined,
      visited: visited.includes(state) ? visited : [...visited, state],
    });
    if (spec.end !== undefined) {
      this.status = spec.end;
      this.deadlineAt = undefined;
      this.reason = this.progress.compensationReason;
      this.remember({ kept: [], begun: [] });
    } else {
      this.status = "running";
      this.reason = undefined;
      if (spec.step !== undefined && !begun.includes(spec.step)) this.remember({ begun: [...begun, spec.step] });
      this.waitMs(typeof spec.timeoutMs === "function" ? spec.timeoutMs(this.data) : spec.timeoutMs);
    }
    this.effects.push(...(spec.enter?.(this.data, this.context) ?? []));
  }

  compensate(reason: string, undone: readonly T["step"][] = []): void {
    this.status = "compensating";
    this.moved = true;
    this.remember({
      compensationReason: reason,
      attempt: 1,
      begun: this.progress.begun.filter((step) => !undone.includes(step)),
    });
    this.reason = reason;
    this.effects.push(...(this.definition.onCompensate?.(this.data, this.context) ?? []));
    this.undoNext();
  }

  /** Takes back the step begun last; those that need no confirmation are done as soon as they are asked for. */
  undoNext(): void {
    for (;;) {
      const step = this.progress.begun.at(-1);
      if (step === undefined) break;
      this.remember({ begun: this.progress.begun.slice(0, -1) });
      const spec = this.definition.compensations[step];
      if (spec === "none") continue;
      this.undo(step, spec, 1);
      if (spec.on && Object.keys(spec.on).length > 0) return;
    }
    this.enter(compensatedStateOf(this.definition));
  }

  undo(step: T["step"], spec: Compensation<T>, attempt: number): void {
    this.moved = true;
    this.status = "compensating";
    this.reason = this.progress.compensationReason;
    const from = this.position;
    this.remember({ undoing: step, attempt, waiting: "deadline" });
    this.record({ outcome: "compensating", from, to: this.position, note: this.reason });
    this.waitMs(spec.timeoutMs ?? 30_000);
    this.effects.push(...(spec.enter?.(this.data, this.context) ?? []));
  }

  park(reason: string): void {
    this.status = "parked";
    this.moved = true;
    this.reason = reason;
    this.deadlineAt = undefined;
  }

  /** Enters the current state or compensation anew. */
  reenter(attempt: number): void {
    const { undoing } = this.progress;
    if (undoing !== undefined && this.compensation) this.undo(undoing, this.compensation, attempt);
    else this.enter(this.state, attempt);
  }

  /** Pauses before the next attempt, or takes the way out once attempts are used up. A parked saga stays parked. */
  retryLater(reason: string): void {
    if (this.status === "parked") return;
    const policy = this.compensation
      ? { ...undoRetry, ...this.compensation.retry }
      : (this.waitingState?.retry ?? forwardRetry);
    const { attempt } = this.progress;
    if (attempt < policy.maxAttempts) {
      this.moved = true;
      this.remember({ waiting: "retry" });
      this.waitMs(pauseMs(policy, attempt));
    } else if (this.compensation) {
      this.park(reason);
    } else {
      const decision = this.waitingState?.onExhausted?.(this.data, reason, this.context);
      this.decide(decision?.retry === undefined && decision ? decision : { compensate: reason });
    }
  }

  decide(decision: Decision<T> | CompensationDecision<T>): void {
    this.change(decision);
    if ("to" in decision && decision.to !== undefined) this.enter(decision.to);
    else if ("compensate" in decision && decision.compensate !== undefined) {
      this.compensate(decision.compensate, decision.undone);
    } else if ("done" in decision && decision.done) this.undoNext();
    else if (decision.park !== undefined) this.park(decision.park);
    else if (decision.retry !== undefined) this.retryLater(decision.retry);
  }

  keep(event: KeptEvent<T>): void {
    this.remember({ kept: [...this.progress.kept, event] });
  }

  finish(): SagaInstance<T> {
    const ended = isEnded(this.status);
    return {
      ...this.before,
      version: this.before.version + (this.moved ? 1 : 0),
      status: this.status,
      state: this.state,
      data: this.data,
      reason: this.reason,
      deadlineAt: this.deadlineAt,
      updatedAt: this.now,
      endedAt: ended ? (this.before.endedAt ?? this.now) : undefined,
      progress: this.progress,
    };
  }

  private waitMs(ms: number): void {
    this.deadlineAt = new Date(this.now.getTime() + ms);
  }
}

export const compensatedStateOf = <T extends SagaTypes>(definition: SagaDefinition<T>): T["state"] => {
  for (const state of Object.keys(definition.states) as T["state"][]) {
    if (definition.states[state].end === "compensated") return state;
  }
  throw new AppError("internal", "saga.invalid_definition", `${definition.name} has no compensated end state`);
};
