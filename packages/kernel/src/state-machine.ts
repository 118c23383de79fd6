import { AppError } from "./app-error.ts";

export interface StateMachine<S extends string> {
  can(from: S, to: S): boolean;
  /** @throws AppError failed_precondition `state.transition_invalid` */
  assert(from: S, to: S): void;
  /** Whether nothing leads out of `state`. */
  terminal(state: S): boolean;
  readonly states: readonly S[];
}

/** The allowed transitions of an entity, as a table from each state to those that may follow it. */
export const defineStateMachine = <S extends string>(
  table: Readonly<Record<S, readonly NoInfer<S>[]>>,
): StateMachine<S> => {
  const states = Object.keys(table) as S[];
  // Statuses come from rows and messages: one that the table does not know leads nowhere.
  const next = (from: S): readonly S[] => (Object.hasOwn(table, from) ? table[from] : []);
  const can = (from: S, to: S): boolean => next(from).includes(to);
  return {
    states,
    can,
    terminal: (state) => next(state).length === 0,
    assert: (from, to) => {
      if (can(from, to)) return;
      const allowed = next(from).join(", ") || "nothing";
      throw new AppError("failed_precondition", "state.transition_invalid", `${from} cannot become ${to}.`, {
        details: [{ field: "status", rule: "transition", message: `from ${from}: ${allowed}` }],
      });
    },
  };
};
