/** What a saga is made of; declare one interface per saga and hand it to `defineSaga<Checkout>`. */
export interface SagaTypes {
  /** What the saga remembers. Plain JSON values and bigints: no Date, Map or class. */
  readonly data: object;
  /** What it reacts to: a union told apart by `type`. Same rule for its values. */
  readonly event: { readonly type: string };
  /** What it asks for, as data: an event to publish, a row to change. Executed by the engine's `apply`. */
  readonly effect: unknown;
  readonly state: string;
  /** Units of work that compensation takes back. */
  readonly step: string;
}

export type SagaStatus = "running" | "compensating" | "completed" | "compensated" | "parked";

export interface SagaContext {
  readonly id: string;
  /** 1 on the first entry of the state or compensation, then 2, ... */
  readonly attempt: number;
  readonly now: Date;
  /** Why the saga compensates; absent while it runs forward. */
  readonly reason?: string;
}

interface Change<T extends SagaTypes> {
  /** Merged over the data. */
  readonly data?: Partial<T["data"]>;
  /** Executed before those of the state that is entered. */
  readonly effects?: readonly T["effect"][];
}
type Only<K extends string> = { readonly [P in Exclude<"to" | "stay" | "retry" | "compensate" | "park", K>]?: never };

/** What a handler answers. `undefined` instead of a decision: the event is not meant for this state after all; it is recorded and ignored. */
export type Decision<T extends SagaTypes> = Change<T> &
  (
    | /** Enter a state (also the same one again: attempt 1, new deadline). */ ({
        readonly to: T["state"];
      } & Only<"to">)
    | /** Remember something and keep waiting; the deadline stands. */ ({
        readonly stay: true;
      } & Only<"stay">) /** Transient: enter this state again after its `retry` pause; once attempts are used up, `onExhausted`. */
    | ({
        readonly retry: string;
      } & Only<"retry">) /** Permanent: take back every step begun so far, in reverse, except those known to have had no effect. */
    | ({ readonly compensate: string; readonly undone?: readonly T["step"][] } & Only<"compensate">)
    | /** Wait for a person. */ ({ readonly park: string } & Only<"park">)
  );

/** What a compensation answers: finished, again later (transient), or wait for a person (permanent). */
export type CompensationDecision<T extends SagaTypes> = Change<T> &
  (
    | { readonly done: true; readonly stay?: never; readonly retry?: never; readonly park?: never }
    | { readonly stay: true; readonly done?: never; readonly retry?: never; readonly park?: never }
    | { readonly retry: string; readonly done?: never; readonly stay?: never; readonly park?: never }
    | { readonly park: string; readonly done?: never; readonly stay?: never; readonly retry?: never }
  );

export type Handlers<T extends SagaTypes, D> = {
  readonly [K in T["event"]["type"]]?: (
    data: Readonly<T["data"]>,
    event: Extract<T["event"], { readonly type: K }>,
    context: SagaContext,
  ) => D | undefined;
};
export type Enter<T extends SagaTypes> = (data: Readonly<T["data"]>, context: SagaContext) => readonly T["effect"][];

export interface RetryPolicy {
  /** Entries of the state in all, the first included. 1 or more. */
  readonly maxAttempts: number;
  /** Pause before the second; doubles from there. Default 1000. */
  readonly delayMs?: number;
  /** Default 60000. */
  readonly maxDelayMs?: number;
}

export interface WaitingState<T extends SagaTypes> {
  readonly end?: never;
  /** Entering begins this step. From then on compensation takes it back, whatever its outcome: a timeout does not say that nothing happened. */
  readonly step?: T["step"];
  /** Nothing waits for ever. From each entry. */
  readonly timeoutMs: number | ((data: Readonly<T["data"]>) => number);
  /** The commands of this state. Run again on every retry and resume, so their receivers must be idempotent. */
  readonly enter?: Enter<T>;
  readonly on: Handlers<T, Decision<T>>;
  /** Default: compensate with the reason `<state>.timeout`. */
  readonly onTimeout?: (data: Readonly<T["data"]>, context: SagaContext) => Decision<T>;
  /** Default: one attempt. */
  readonly retry?: RetryPolicy;
  /** Default: compensate with the reason of the last retry. */
  readonly onExhausted?: (data: Readonly<T["data"]>, reason: string, context: SagaContext) => Decision<T>;
}

export interface EndState<T extends SagaTypes> {
  readonly end: "completed" | "compensated";
  readonly enter?: Enter<T>;
}

/** Takes one step back. Must be idempotent, and right for a step that never took effect. */
export interface Compensation<T extends SagaTypes> {
  readonly enter?: Enter<T>;
  /** What confirms it. Without handlers it counts as done once its effects are committed. */
  readonly on?: Handlers<T, CompensationDecision<T>>;
  /** Wait for the confirmation before it is tried again. Default 30000. */
  readonly timeoutMs?: number;
  /** Attempts before the saga is parked. Default 5 attempts, 1 s doubling up to 60 s. */
  readonly retry?: RetryPolicy;
}

export interface SagaDefinition<T extends SagaTypes> {
  /** `<context>.<saga>`, e.g. `order.checkout`. Part of the stored identity. */
  readonly name: string;
  /** Raise it when stored data or states change their meaning; see `upgrade`. */
  readonly version: number;
  readonly initial: T["state"];
  readonly states: { readonly [S in T["state"]]: WaitingState<T> | EndState<T> };
  /** Handled in every running state that does not handle the event itself, e.g. a customer's cancellation. */
  readonly on?: Handlers<T, Decision<T>>;
  /**
   * Told by others and seen in the history, and nothing else: they change no saga. `note` writes them without the saga's row, so that they hold up
   * nobody; where they come by `lockAndHandle` they are taken like an event whose handler answers `stay`.
   */
  readonly notes?: readonly T["event"]["type"][];
  /** One for every step, or `none` where there is nothing to take back. */
  readonly compensations: { readonly [S in T["step"]]: Compensation<T> | "none" };
  /** Effects of the moment the saga turns round, before the first compensation. */
  readonly onCompensate?: Enter<T>;
  /** Brings an instance stored by an older version up to date. Default: taken as it is. */
  readonly upgrade?: (
    stored: { readonly state: string; readonly data: unknown },
    fromVersion: number,
  ) => { readonly state: T["state"]; readonly data: T["data"] };
}
