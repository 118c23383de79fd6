import { AppError } from "@tandem/kernel";
import { Draft } from "./draft.ts";
import { isEnded, type KeptEvent, type SagaInstance, type StepOutcome, type StepRecord } from "./instance.ts";
import type { CompensationDecision, Decision, SagaDefinition, SagaTypes } from "./types.ts";

/** Far more than a sane saga needs; they bound what a mad sender can make a row grow to. */
const maxKept = 32;
const maxSeen = 128;

/** Something that happens to a saga. */
export type SagaInput<T extends SagaTypes> =
  | ({ readonly kind: "event" } & KeptEvent<T>)
  | { readonly kind: "timer"; readonly version: number }
  | { readonly kind: "resume"; readonly by: string }
  | { readonly kind: "abort"; readonly by: string; readonly reason: string }
  | { readonly kind: "park"; readonly reason: string };

/** What follows from it: the next instance, the effects to execute and the history to write, all in one commit. */
export interface Advance<T extends SagaTypes> {
  readonly outcome: StepOutcome | "stale";
  readonly instance: SagaInstance<T>;
  readonly effects: readonly T["effect"][];
  readonly steps: readonly StepRecord[];
  /** The version grew: the timer must be set anew (or removed). */
  readonly moved: boolean;
}

/** The first instance of a saga. */
export const begin = <T extends SagaTypes>(
  definition: SagaDefinition<T>,
  id: string,
  data: T["data"],
  now: Date,
): Advance<T> => {
  const draft = new Draft<T>(
    definition,
    {
      id,
      definitionVersion: definition.version,
      version: 0,
      status: "running",
      state: definition.initial,
      data,
      startedAt: now,
      updatedAt: now,
      progress: { attempt: 1, waiting: "deadline", visited: [], begun: [], kept: [], seen: [] },
    },
    now,
  );
  draft.enter(definition.initial);
  draft.record({ outcome: "started", to: draft.position });
  return conclude(draft, "started");
};

/**
 * The next instance. Pure: no clock, no database, no randomness. Late, unknown and repeated events change nothing and are recorded.
 * @throws AppError failed_precondition `saga.not_parked`, `saga.not_abortable` for what a person asked in the wrong moment
 */
export const advance = <T extends SagaTypes>(
  definition: SagaDefinition<T>,
  instance: SagaInstance<T>,
  input: SagaInput<T>,
  now: Date,
): Advance<T> => {
  const draft = new Draft(definition, instance, now);
  const from = draft.position;
  let outcome: StepOutcome | "stale";
  switch (input.kind) {
    case "event":
      outcome = receive(draft, input);
      break;
    case "timer":
      outcome = fire(draft, input.version);
      if (outcome !== "stale") draft.record({ outcome, from, to: draft.position, note: draft.reason }, 0);
      break;
    case "resume":
      if (draft.status !== "parked") throw refused("saga.not_parked", instance, "is not parked");
      draft.reenter(1);
      outcome = "resumed";
      draft.record({ outcome, from, to: draft.position, note: `by ${input.by}` }, 0);
      break;
    case "abort":
      if (isEnded(draft.status) || draft.progress.compensationReason !== undefined) {
        throw refused("saga.not_abortable", instance, "has ended or compensates already");
      }
      draft.compensate(input.reason);
      outcome = "aborted";
      draft.record({ outcome, from, to: draft.position, note: `${input.reason}, by ${input.by}` }, 0);
      break;
    case "park":
      draft.park(input.reason);
      outcome = "parked";
      draft.record({ outcome, from, to: draft.position, note: input.reason });
  }
  return conclude(draft, outcome);
};

const refused = (code: string, { id }: { readonly id: string }, why: string) =>
  new AppError("failed_precondition", code, `Saga ${id} ${why}`);

const conclude = <T extends SagaTypes>(draft: Draft<T>, outcome: StepOutcome | "stale"): Advance<T> => {
  if (draft.moved) offerKept(draft);
  return { outcome, instance: draft.finish(), effects: draft.effects, steps: draft.steps, moved: draft.moved };
};

const fire = <T extends SagaTypes>(draft: Draft<T>, version: number): StepOutcome | "stale" => {
  if (draft.before.version !== version || isEnded(draft.status) || draft.status === "parked") return "stale";
  if (draft.progress.waiting === "retry") {
    draft.reenter(draft.progress.attempt + 1);
    return "retried";
  }
  const state = draft.waitingState;
  const reason = `${draft.position.replace(" ", "_")}.timeout`;
  if (!state) draft.retryLater(reason);
  else draft.decide(state.onTimeout?.(draft.data, draft.context) ?? { compensate: reason });
  return "timed_out";
};

const receive = <T extends SagaTypes>(draft: Draft<T>, input: KeptEvent<T>): StepOutcome => {
  const { id, source, event } = input;
  const record = (outcome: StepOutcome) => {
    draft.record({ outcome, eventType: event.type, eventId: id, source, from, to: draft.position }, 0);
    return outcome;
  };
  const from = draft.position;
  if (draft.progress.seen.includes(id)) return record("duplicate");
  draft.remember({ seen: [...draft.progress.seen, id].slice(-maxSeen) });
  const decision = offer(draft, event);
  if (decision === "unwanted") {
    if (!isEarly(draft, event.type) || draft.progress.kept.length >= maxKept) return record("ignored");
    draft.keep({ id, source, event });
    return record("kept");
  }
  if (decision === undefined) return record("ignored");
  draft.decide(decision);
  return record("applied");
};

/** Offers the event to whoever waits now. */
const offer = <T extends SagaTypes>(
  draft: Draft<T>,
  event: T["event"],
): Decision<T> | CompensationDecision<T> | undefined | "unwanted" => {
  if (isEnded(draft.status)) return "unwanted";
  const type = event.type as T["event"]["type"];
  // The tables are typed by event; one lookup by a runtime key is where that knowledge is lost.
  const call = (handler: unknown) =>
    (
      handler as (
        data: T["data"],
        event: T["event"],
        context: unknown,
      ) => Decision<T> | CompensationDecision<T> | undefined
    )(draft.data, event, draft.context);
  const handler = draft.compensation
    ? draft.compensation.on?.[type]
    : (draft.waitingState?.on[type] ?? draft.definition.on?.[type]);
  if (handler) return call(handler);
  return !draft.compensation && draft.definition.notes?.includes(type) ? { stay: true } : "unwanted";
};

/**
 * Early: a state that the saga has not been in, or a compensation that is still to come, waits for it. A confirmation that
 * comes before the saga turned round confirms nothing: it answers somebody else's question.
 */
const isEarly = <T extends SagaTypes>({ definition, progress, status }: Draft<T>, type: string): boolean => {
  if (isEnded(status)) return false;
  if (progress.compensationReason !== undefined) {
    return progress.begun.some((step) => {
      const spec = definition.compensations[step];
      return spec !== "none" && spec.on !== undefined && type in spec.on;
    });
  }
  return (Object.keys(definition.states) as T["state"][]).some((state) => {
    const spec = definition.states[state];
    return spec.end === undefined && !progress.visited.includes(state) && type in spec.on;
  });
};

/** Offers what came early to each new state in turn, oldest first, until nobody wants any of it. */
const offerKept = <T extends SagaTypes>(draft: Draft<T>): void => {
  for (let index = 0; index < draft.progress.kept.length; ) {
    const kept = draft.progress.kept[index] as KeptEvent<T>;
    const from = draft.position;
    const at = draft.steps.length;
    const decision = offer(draft, kept.event);
    if (decision === "unwanted") {
      index++;
      continue;
    }
    draft.remember({ kept: draft.progress.kept.filter((other) => other !== kept) });
    if (decision) draft.decide(decision);
    const outcome = decision ? "applied" : "ignored";
    draft.record(
      { outcome, eventType: kept.event.type, eventId: kept.id, source: kept.source, from, to: draft.position },
      at,
    );
    index = 0;
  }
};
