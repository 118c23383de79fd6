import { type Advance, advance, begin, type SagaInput } from "@tandem/saga";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Checkout, checkout, checkoutData } from "./checkout-model.ts";
import { makeWorld, violation } from "./checkout-world.ts";

/**
 * Plays one checkout against its world. `choices` decide everything that may go either way: which command or event moves
 * next, whether it is delivered twice, whether a timer fires first (also a stale one), whether the customer cancels.
 */
const play = (choices: readonly number[]) => {
  let cursor = 0;
  const next = () => (choices[cursor++ % choices.length] ?? 0) / 2 ** 32;
  const pick = <X>(list: X[]): number => Math.floor(next() * list.length);
  const world = makeWorld((share) => next() < share);
  let nowMs = 0;
  let ids = 0;
  let last: Advance<Checkout> = begin(checkout, "o1", checkoutData("o1"), new Date(0));
  const commands: Checkout["effect"][] = [];
  const events: (SagaInput<Checkout> & { kind: "event" })[] = [];
  const oldTimers: number[] = [];
  const statuses: string[] = [];

  const settle = (result: Advance<Checkout>) => {
    last = result;
    for (const effect of result.effects) {
      // The order's row is in the saga's own database: it changes with the transition. All else travels.
      if (effect.kind === "order") world.handle(effect);
      else commands.push(effect);
    }
    statuses.push(result.instance.status);
  };
  const feed = (input: SagaInput<Checkout>) => {
    oldTimers.push(last.instance.version);
    settle(advance(checkout, last.instance, input, new Date(nowMs)));
  };
  settle(last);

  const step = (chaos: boolean) => {
    const dice = next();
    if (chaos && dice < 0.1) return feed({ kind: "timer", version: last.instance.version });
    if (chaos && dice < 0.15) return feed({ kind: "timer", version: oldTimers[pick(oldTimers)] ?? 0 });
    if (chaos && dice < 0.18) return feed({ kind: "event", id: `c${ids++}`, event: { type: "cancel_requested" } });
    if (commands.length > 0 && (dice < 0.6 || events.length === 0)) {
      const index = chaos ? pick(commands) : 0;
      const [command] = chaos && next() < 0.15 ? [commands[index]] : commands.splice(index, 1);
      if (command) for (const event of world.handle(command)) events.push({ kind: "event", id: `e${ids++}`, event });
      return;
    }
    if (events.length > 0) {
      const index = chaos ? pick(events) : 0;
      const [event] = chaos && next() < 0.15 ? [events[index]] : events.splice(index, 1);
      if (event) feed(event);
      return;
    }
    if (last.instance.deadlineAt) {
      nowMs = Math.max(nowMs, last.instance.deadlineAt.getTime());
      feed({ kind: "timer", version: last.instance.version });
    }
  };
  for (let n = 0; n < 60; n++) {
    nowMs += 100;
    step(true);
  }
  // From here on everything arrives: the saga must come to rest.
  for (let n = 0; n < 400 && (commands.length > 0 || events.length > 0 || last.instance.deadlineAt); n++) step(false);
  return { instance: last.instance, facts: world.facts, statuses };
};

const choices = fc.array(fc.nat(2 ** 32 - 1), { minLength: 200, maxLength: 200 });

test("whatever is repeated, reordered, late or cancelled: it ends, and never with the charge kept and the order cancelled", () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(choices, (values) => {
      const { instance, facts } = play(values);
      seen.set(instance.status, (seen.get(instance.status) ?? 0) + 1);
      expect(violation(instance.status, facts)).toBeUndefined();
      expect(instance.deadlineAt).toBeUndefined();
    }),
    { numRuns: 3_000 },
  );
  // A test that only ever saw one ending would prove little.
  expect([...seen.keys()].sort()).toEqual(["compensated", "completed", "parked"]);
});

test("an end is final, and a saga that turned round never completes", () => {
  fc.assert(
    fc.property(choices, (values) => {
      const { statuses } = play(values);
      const end = statuses.findIndex((status) => status === "completed" || status === "compensated");
      if (end >= 0) expect(new Set(statuses.slice(end)).size).toBe(1);
      const turned = statuses.indexOf("compensating");
      if (turned >= 0) expect(statuses.slice(turned)).not.toContain("completed");
    }),
    { numRuns: 1_000 },
  );
});
