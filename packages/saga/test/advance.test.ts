import { type Advance, advance, begin, positionOf, type SagaInput } from "@tandem/saga";
import { describe, expect, test } from "vitest";
import { type Checkout, checkout, checkoutData } from "./checkout-model.ts";

const start = new Date("2026-01-01T00:00:00Z");
const after = (ms: number) => new Date(start.getTime() + ms);

/** Plays inputs against a new saga; a bare event gets a fresh id. */
const play = (...inputs: (Checkout["event"] | SagaInput<Checkout>)[]) => {
  let last: Advance<Checkout> = begin(checkout, "o1", checkoutData("o1"), start);
  const all = [last];
  inputs.forEach((input, index) => {
    const full: SagaInput<Checkout> = "kind" in input ? input : { kind: "event", id: `e${index}`, event: input };
    last = advance(checkout, last.instance, full, after((index + 1) * 10));
    all.push(last);
  });
  return { ...last, all, kinds: all.flatMap(({ effects }) => effects.map((effect) => effect.kind)) };
};
const timer = (from: Advance<Checkout>): SagaInput<Checkout> => ({ kind: "timer", version: from.instance.version });
const reserved = { type: "stock_reserved", reservationId: "r1" } as const;
const declined = { type: "payment_failed", transient: false } as const;
const unavailable = { type: "payment_failed", transient: true } as const;

describe("forward", () => {
  test("each event leads to the next state and its commands, up to the end", () => {
    const run = play(reserved, { type: "payment_authorized" }, { type: "delivered" }, { type: "payment_captured" });
    expect(run.instance.status).toBe("completed");
    expect(run.instance.data).toMatchObject({ reservationId: "r1", paid: true, delivered: true });
    expect(run.kinds).toEqual(["reserve", "authorize", "order", "ship", "capture", "order"]);
    expect(run.instance.deadlineAt).toBeUndefined();
    expect(run.instance.endedAt).toEqual(after(40));
  });

  test("an event that comes before the state that wants it is kept and offered again", () => {
    const early = play({ type: "payment_authorized" });
    expect(early.outcome).toBe("kept");
    expect(early.moved).toBe(false);
    const run = play({ type: "payment_authorized" }, { type: "delivered" }, reserved);
    expect(positionOf(run.instance)).toBe("delivering");
    expect(run.instance.data.delivered).toBe(true);
    expect(run.instance.progress.kept).toEqual([]);
    expect(run.steps.map(({ eventType, outcome }) => [eventType, outcome])).toEqual([
      ["stock_reserved", "applied"],
      ["payment_authorized", "applied"],
      ["delivered", "applied"],
    ]);
  });

  test("a late event is recorded and ignored", () => {
    const run = play(reserved, { type: "stock_rejected" });
    expect(run.outcome).toBe("ignored");
    expect(run.moved).toBe(false);
    expect(run.effects).toEqual([]);
    expect(run.steps).toMatchObject([{ outcome: "ignored", eventType: "stock_rejected", from: "authorizing_payment" }]);
  });

  test("an event id seen before changes nothing, whatever state the saga is in", () => {
    const event: SagaInput<Checkout> = { kind: "event", id: "same", event: reserved };
    const run = play(event, event);
    expect(run.outcome).toBe("duplicate");
    expect(run.instance).toEqual({ ...run.all[1]?.instance, updatedAt: after(20) });
  });

  test("a handler that answers undefined leaves the state alone", () => {
    const run = play(reserved, { type: "payment_authorized" }, { type: "cancel_requested" });
    expect(run.outcome).toBe("ignored");
    expect(positionOf(run.instance)).toBe("delivering");
  });

  test("after the end every event is ignored", () => {
    const run = play({ type: "stock_rejected" }, reserved, { type: "payment_authorized" });
    expect(run.instance.status).toBe("compensated");
    expect(run.outcome).toBe("ignored");
  });
});

describe("transient and permanent failures", () => {
  test("a transient failure is retried after a growing pause, with the commands sent again", () => {
    const failed = play(reserved, unavailable);
    expect(failed.instance.progress.waiting).toBe("retry");
    expect(failed.instance.deadlineAt).toEqual(after(20 + 1_000));
    const again = play(reserved, unavailable, timer(failed));
    expect(again.outcome).toBe("retried");
    expect(again.instance.progress.attempt).toBe(2);
    expect(again.effects).toEqual([{ kind: "authorize" }]);
    const failedAgain = play(reserved, unavailable, timer(failed), unavailable);
    expect(failedAgain.instance.deadlineAt).toEqual(after(40 + 2_000));
  });

  test("an answer that arrives during the pause is taken", () => {
    const run = play(reserved, unavailable, { type: "payment_authorized" });
    expect(positionOf(run.instance)).toBe("delivering");
    expect(run.instance.progress.attempt).toBe(1);
  });

  test("transient failures beyond the attempts compensate every step begun", () => {
    const one = play(reserved, unavailable);
    const two = play(reserved, unavailable, timer(one), unavailable);
    const three = play(reserved, unavailable, timer(one), unavailable, timer(two), unavailable);
    expect(positionOf(three.instance)).toBe("undo authorize_payment");
    expect(three.instance.reason).toBe("payment_unavailable");
  });

  test("a permanent failure compensates at once, without the step known to have had no effect", () => {
    const run = play(reserved, declined);
    expect(positionOf(run.instance)).toBe("undo reserve_stock");
    expect(run.effects).toEqual([{ kind: "order", status: "CANCELLED" }, { kind: "release" }]);
    expect(run.instance.reason).toBe("payment_declined");
  });
});

describe("timeouts", () => {
  test("a timeout does not say that nothing happened: the step is compensated too", () => {
    const waiting = play(reserved);
    const run = play(reserved, timer(waiting));
    expect(run.instance.status).toBe("compensating");
    expect(positionOf(run.instance)).toBe("undo authorize_payment");
    expect(run.instance.reason).toBe("authorizing_payment.timeout");
  });

  test("a timer of a state that was left is a no-op", () => {
    const run = play(reserved, { kind: "timer", version: 1 });
    expect(run.outcome).toBe("stale");
    expect(run.effects).toEqual([]);
    expect(run.steps).toEqual([]);
  });

  test("a deadline is not moved by an event that only leaves a note", () => {
    const run = play(reserved, { type: "payment_authorized" }, { type: "delivered" });
    expect(run.instance.version).toBe(run.all[2]?.instance.version);
    expect(run.instance.deadlineAt).toEqual(run.all[2]?.instance.deadlineAt);
  });
});

describe("compensation", () => {
  const cancelled = [reserved, { type: "cancel_requested" }] as const;

  test("takes steps back in reverse, each confirmed before the next", () => {
    const run = play(...cancelled, { type: "payment_voided" }, { type: "stock_released" });
    expect(run.kinds).toEqual(["reserve", "authorize", "order", "void", "release"]);
    expect(run.instance).toMatchObject({ status: "compensated", state: "cancelled", reason: "cancel_requested" });
  });

  test("confirmations may come in any order", () => {
    const run = play(...cancelled, { type: "stock_released" }, { type: "payment_voided" });
    expect(run.instance.status).toBe("compensated");
  });

  test("a confirmation from before the saga turned round confirms nothing", () => {
    const run = play(reserved, { type: "payment_voided" }, { type: "cancel_requested" });
    expect(run.all[2]?.outcome).toBe("ignored");
    expect(positionOf(run.instance)).toBe("undo authorize_payment");
  });

  test("forward events are ignored from then on", () => {
    const run = play(...cancelled, { type: "payment_authorized" });
    expect(run.outcome).toBe("ignored");
    expect(run.instance.status).toBe("compensating");
  });

  test("an unconfirmed compensation is repeated, then parked; its late confirmation still counts", () => {
    let run = play(...cancelled);
    let now = 100;
    const tick = () => {
      now += 100;
      const next = advance(checkout, run.instance, timer(run), after(now));
      run = { ...run, ...next };
    };
    for (const expected of ["retry", "deadline", "retry", "deadline"]) {
      tick();
      expect(run.instance.progress.waiting).toBe(expected);
    }
    tick();
    expect(run.instance).toMatchObject({
      status: "parked",
      reason: "undo_authorize_payment.timeout",
      deadlineAt: undefined,
    });
    const late: SagaInput<Checkout> = { kind: "event", id: "late", event: { type: "payment_voided" } };
    const freed = advance(checkout, run.instance, late, after(900));
    expect(freed.instance).toMatchObject({ status: "compensating", reason: "cancel_requested" });
    expect(positionOf(freed.instance)).toBe("undo reserve_stock");
    const resumed = advance(checkout, run.instance, { kind: "resume", by: "ops" }, after(900));
    expect(resumed.instance).toMatchObject({ status: "compensating", reason: "cancel_requested" });
    expect(resumed.instance.progress.attempt).toBe(1);
    expect(resumed.effects).toEqual([{ kind: "void" }]);
  });
});

describe("a person", () => {
  test("may resume a parked state: its commands are sent again with a new deadline", () => {
    const shipped = play(reserved, { type: "payment_authorized" });
    const parked = play(reserved, { type: "payment_authorized" }, timer(shipped));
    expect(parked.instance).toMatchObject({ status: "parked", reason: "delivery_overdue" });
    const run = play(reserved, { type: "payment_authorized" }, timer(shipped), { kind: "resume", by: "ada" });
    expect(run.instance.status).toBe("running");
    expect(run.instance.deadlineAt).toEqual(after(40 + 600_000));
    expect(run.steps.at(-1)).toMatchObject({ outcome: "resumed", note: "by ada" });
  });

  test("is who wakes a parked saga: no timer does, no transient failure restarts its retries", () => {
    const one = play(reserved);
    const parked = advance(checkout, one.instance, { kind: "park", reason: "timer failed" }, after(100));
    expect(advance(checkout, parked.instance, timer(parked), after(200))).toMatchObject({
      outcome: "stale",
      effects: [],
    });
    const failed = advance(checkout, parked.instance, { kind: "event", id: "e9", event: unavailable }, after(200));
    expect(failed.instance).toMatchObject({ status: "parked", reason: "timer failed", deadlineAt: undefined });
    const freed = advance(
      checkout,
      parked.instance,
      { kind: "event", id: "e9", event: { type: "payment_authorized" } },
      after(200),
    );
    expect(freed.instance).toMatchObject({ status: "running", state: "delivering", reason: undefined });
  });

  test("may turn a running saga round, but not one that has turned or ended", () => {
    const run = play(reserved, { kind: "abort", by: "ada", reason: "fraud" });
    expect(run.instance).toMatchObject({ status: "compensating", reason: "fraud" });
    expect(() =>
      play(reserved, { kind: "abort", by: "a", reason: "x" }, { kind: "abort", by: "a", reason: "x" }),
    ).toThrow(expect.objectContaining({ code: "saga.not_abortable" }));
    expect(() => play({ kind: "resume", by: "ada" })).toThrow(expect.objectContaining({ code: "saga.not_parked" }));
  });
});
