import { AppError } from "@tandem/kernel";
import type { SagaDefinition, SagaTypes } from "./types.ts";

/**
 * Checks a saga's definition when the program starts, not when the first order hangs.
 * @throws AppError internal `saga.invalid_definition`, naming every fault
 */
export const defineSaga = <T extends SagaTypes>(definition: SagaDefinition<T>): SagaDefinition<T> => {
  const faults: string[] = [];
  const states = Object.keys(definition.states) as T["state"][];
  if (!/^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$/.test(definition.name)) faults.push("name must look like order.checkout");
  if (!Number.isInteger(definition.version) || definition.version < 1) faults.push("version must be 1 or more");
  if (!definition.states[definition.initial]) faults.push(`initial state ${definition.initial} does not exist`);
  const ends = states.map((state) => definition.states[state].end);
  if (ends.filter((end) => end === "compensated").length !== 1) faults.push("exactly one state must end compensated");
  if (!ends.includes("completed")) faults.push("a state must end completed");
  for (const state of states) {
    const spec = definition.states[state];
    if (spec.end !== undefined) continue;
    if (typeof spec.timeoutMs === "number" && !(spec.timeoutMs > 0)) faults.push(`${state}: timeoutMs must be above 0`);
    if (spec.step !== undefined && !(spec.step in definition.compensations)) {
      faults.push(`${state}: step ${spec.step} has no compensation`);
    }
    if (spec.retry && !(spec.retry.maxAttempts >= 1)) faults.push(`${state}: retry.maxAttempts must be 1 or more`);
  }
  if (faults.length > 0) {
    throw new AppError("internal", "saga.invalid_definition", `${definition.name}: ${faults.join("; ")}`);
  }
  return definition;
};
