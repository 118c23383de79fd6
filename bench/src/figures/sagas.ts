import { newId } from "@tandem/kernel";
import { createOutbox, messagingMigrations } from "@tandem/messaging";
import { createSagaEngine, defineSaga, type SagaTypes, sagaMigrations } from "@tandem/saga";
import { orderEvent, rate } from "../load.ts";
import type { Figure } from "../report.ts";
import type { Surroundings } from "../start-surroundings.ts";

interface Three extends SagaTypes {
  data: { readonly note: string };
  event: { readonly type: "one" } | { readonly type: "two" } | { readonly type: "three" };
  effect: { readonly type: "publish" };
  state: "first" | "second" | "third" | "done" | "undone";
  step: "work";
}

const publish = () => [{ type: "publish" as const }];
const three = defineSaga<Three>({
  name: "bench.three-steps",
  version: 1,
  initial: "first",
  states: {
    first: { step: "work", timeoutMs: 60_000, enter: publish, on: { one: () => ({ to: "second" }) } },
    second: { timeoutMs: 60_000, enter: publish, on: { two: () => ({ to: "third" }) } },
    third: { timeoutMs: 60_000, enter: publish, on: { three: () => ({ to: "done" }) } },
    done: { end: "completed" },
    undone: { end: "compensated" },
  },
  compensations: { work: "none" },
});

/** Sagas of three answered steps, each transition with history, timer and an outgoing event in one commit. */
export const measureSagas = async (surroundings: Surroundings, rounds: number): Promise<Figure[]> => {
  await using bench = await surroundings.database("saga", [messagingMigrations, sagaMigrations]);
  const database = bench.open("saga", 16);
  const outbox = createOutbox({ database, source: "order" });
  const engine = createSagaEngine<Three>({
    saga: three,
    database,
    apply: (tx, effects, { saga }) => outbox.in(tx).add(...effects.map(() => orderEvent(saga.id))),
  });
  const run = async () => {
    const id = newId();
    await database.transact((tx) => engine.start(tx, id, { note: "" }));
    for (const type of ["one", "two", "three"] as const) {
      await database.transact((tx) => engine.lockAndHandle(tx, id, { type }, { id: newId(), source: "bench" }));
    }
  };
  await rate(16, 1_000, run);
  const samples: number[] = [];
  for (let round = 0; round < rounds * 2; round += 1) samples.push(await rate(16, 2_000, run));
  return [{ name: "sagas of three steps, an event each", unit: "/s", samples, target: { atLeast: 150 } }];
};
