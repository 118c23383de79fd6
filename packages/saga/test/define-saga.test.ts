import { defineSaga, type SagaDefinition, type SagaTypes } from "@tandem/saga";
import { describe, expect, test } from "vitest";
import { type Checkout, checkout } from "./checkout-model.ts";

const faulty = (change: Partial<SagaDefinition<Checkout>>) => () => defineSaga<Checkout>({ ...checkout, ...change });
const { completed: _completed, ...withoutEnd } = checkout.states;

describe("a definition is refused when the program starts", () => {
  test.each([
    ["a name without a context", { name: "checkout" }, /name must look like/],
    ["version 0", { version: 0 }, /version must be/],
    ["an initial state that does not exist", { initial: "nowhere" as never }, /initial state nowhere/],
    ["no way to complete", { states: withoutEnd as never }, /must end completed/],
    [
      "two compensated ends",
      { states: { ...checkout.states, completed: { end: "compensated" } } },
      /exactly one state must end compensated/,
    ],
    [
      "a state that waits for no time",
      { states: { ...checkout.states, delivering: { timeoutMs: 0, on: {} } } },
      /delivering: timeoutMs must be above 0/,
    ],
    ["a step without compensation", { compensations: {} as never }, /step reserve_stock has no compensation/],
  ] as const)("%s", (_, change, message) => {
    expect(faulty(change as Partial<SagaDefinition<Checkout>>)).toThrow(message);
  });

  test("every fault is named at once", () => {
    expect(faulty({ name: "x", version: 0 })).toThrow(/name must.*version must/);
  });
});

test("the compiler refuses states, events, steps and fields that the saga does not have", () => {
  interface Tiny extends SagaTypes {
    data: { readonly count: number };
    event: { readonly type: "ping"; readonly by: number };
    effect: never;
    state: "waiting" | "done" | "undone";
    step: "step";
  }
  const tiny = defineSaga<Tiny>({
    name: "test.tiny",
    version: 1,
    initial: "waiting",
    states: {
      waiting: {
        timeoutMs: 1,
        step: "step",
        on: {
          ping: ({ count }, { by }) => ({ to: "done", data: { count: count + by } }),
          // @ts-expect-error no such event
          pong: () => undefined,
        },
        // @ts-expect-error no such state
        onTimeout: () => ({ to: "nowhere" }),
      },
      done: { end: "completed" },
      undone: { end: "compensated" },
    },
    // @ts-expect-error no such step
    compensations: { step: "none", other: "none" },
  });
  // @ts-expect-error one decision at a time
  const both: ReturnType<NonNullable<(typeof tiny.states.waiting & { end?: never })["onTimeout"]>> = {
    to: "done",
    park: "x",
  };
  expect(both).toBeDefined();
});
