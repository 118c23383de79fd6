import { money, newId } from "@tandem/kernel";
import { createMetrics } from "@tandem/runtime";
import { captureLog, manualClock } from "@tandem/testkit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CardProvider, LeasedOperation, OperationQueue, PaymentUnitOfWork } from "../src/biz/ports.ts";
import { createProviderBreaker, guardProvider } from "../src/client/guarded-provider.ts";
import type { Operation, OperationOutcome } from "../src/model/operation.ts";
import {
  applyOutcome,
  cancelPayment,
  collectPayment,
  openPayment,
  type Payment,
  type PaymentStep,
} from "../src/model/payment.ts";
import { requestRefund } from "../src/model/requested-steps.ts";
import { makeRunOperation } from "../src/worker/operations-worker.ts";

const HOUR_MS = 3_600_000;
const start = new Date("2026-11-21T10:00:00Z");

const leased = (over: Partial<LeasedOperation> = {}): LeasedOperation => ({
  id: newId(),
  paymentId: newId(),
  kind: "AUTHORIZE",
  amount: money("EUR", 100n),
  reason: "",
  createdAt: start,
  token: 1n,
  attempt: 1,
  uncertain: false,
  method: "CARD",
  cardToken: "tok_visa",
  providerReference: "",
  ...over,
});

/** Runs one operation against a provider, and says what became of its row. */
const runAgainst = (provider: CardProvider, clock = manualClock(start)) => {
  const rows: { did: string; uncertain?: boolean; delayMs?: number }[] = [];
  const queue: OperationQueue = {
    claim: async () => [],
    postpone: async (_, __, delayMs, uncertain) => {
      rows.push({ did: "postponed", uncertain, delayMs });
    },
    park: async () => {
      rows.push({ did: "parked" });
    },
  };
  const uow: PaymentUnitOfWork = { transact: () => Promise.reject(new Error("nothing is to be committed")) };
  const run = makeRunOperation({ uow, queue, provider, clock, newId, callTimeoutMs: 50, giveUpMs: 24 * HOUR_MS });
  return { rows, run: (operation: LeasedOperation) => run(operation, new AbortController().signal) };
};

const never = () => new Promise<never>(() => {});
const down = async () => {
  throw new Error("the provider answered 503");
};

describe("an operation without an answer", () => {
  it("is left when the provider hangs and heeds no signal, as one that may have been done", async () => {
    const { rows, run } = runAgainst({ execute: never, lookup: never });
    expect(await run(leased())).toBe("postponed");
    expect(rows).toEqual([{ did: "postponed", uncertain: true, delayMs: 200 }]);
  });

  it("is asked about before it is asked for again", async () => {
    const calls: string[] = [];
    const { run } = runAgainst({
      execute: async () => {
        calls.push("execute");
        return { type: "pending" };
      },
      lookup: async () => {
        calls.push("lookup");
        return { type: "pending" };
      },
    });
    await run(leased({ uncertain: true, attempt: 2 }));
    expect(calls).toEqual(["lookup"]);
  });

  it("is tried ever more rarely, and left to a person after a day", async () => {
    const clock = manualClock(start);
    const { rows, run } = runAgainst({ execute: down, lookup: down }, clock);
    const operation = leased();
    for (const attempt of [1, 2, 3, 20]) await run({ ...operation, attempt });
    expect(rows.map(({ delayMs }) => delayMs)).toEqual([200, 400, 800, 60_000]);
    clock.advance(24 * HOUR_MS);
    expect(await run({ ...operation, attempt: 21, uncertain: true })).toBe("given_up");
    expect(rows.at(-1)).toEqual({ did: "parked" });
  });

  it("is left to a person also when it stays pending", async () => {
    const clock = manualClock(start);
    const pending = async () => ({ type: "pending" }) as const;
    const { run } = runAgainst({ execute: pending, lookup: pending }, clock);
    clock.advance(25 * HOUR_MS);
    expect(await run(leased({ uncertain: true }))).toBe("given_up");
  });
});

describe("a provider that keeps failing", () => {
  it("is left alone, and what was not sent is known not to have been sent", async () => {
    const { log } = captureLog();
    const metrics = createMetrics({ service: "test" });
    let calls = 0;
    const failing: CardProvider = {
      lookup: down,
      execute: () => {
        calls += 1;
        return down();
      },
    };
    const { rows, run } = runAgainst(guardProvider(failing, createProviderBreaker({ log, metrics })));
    for (let n = 0; n < 60; n += 1) await run(leased());
    expect(calls).toBeLessThan(60);
    expect(rows.at(0)?.uncertain).toBe(true);
    expect(rows.at(-1)?.uncertain).toBe(false);
    expect(await metrics.text()).toMatch(/tandem_payment_provider_circuit_open\{[^}]*\} 1/);
  });
});

describe("whatever happens to a payment, in whatever order", () => {
  type Move = "ship" | "deliver" | "cancel" | "refund" | "provider good" | "provider refuses";
  const moves = fc.constantFrom<Move>("ship", "deliver", "cancel", "refund", "provider good", "provider refuses");

  /** Plays moves against the model, the way the use cases do: one operation at a time. */
  const play = (method: "CARD" | "COD", script: readonly Move[]) => {
    let open: Operation | undefined;
    let captures = 0;
    let asked = 0;
    const answers: PaymentStep["events"][number][] = [];
    const take = (step: PaymentStep): Payment => {
      expect(step.ask.length).toBeLessThanOrEqual(open ? 0 : 1);
      for (const ask of step.ask) open = { ...ask, id: newId(), paymentId: step.payment.id, createdAt: start };
      answers.push(...step.events);
      return step.payment;
    };
    const input = { id: newId(), orderId: newId(), customerId: newId(), cardToken: "tok", amount: money("EUR", 1000n) };
    let payment = take(openPayment({ ...input, method }, start));
    const decide = (outcome: OperationOutcome) => {
      if (!open) return;
      const operation = open;
      open = undefined;
      if (operation.kind === "CAPTURE" && outcome.type === "succeeded") captures += 1;
      payment = take(applyOutcome(payment, operation, outcome, start));
    };
    const good = { type: "succeeded", reference: "ch" } as const;
    for (const move of script) {
      const busy = open !== undefined;
      if (move === "ship") payment = take(collectPayment(payment, "SHIPPED", busy, start));
      if (move === "deliver") payment = take(collectPayment(payment, "DELIVERED", busy, start));
      if (move === "cancel") {
        asked += 1;
        payment = take(cancelPayment(payment, busy, start));
      }
      if (move === "refund" && !busy && (payment.status === "CAPTURED" || payment.status === "PARTIALLY_REFUNDED"))
        payment = take(requestRefund(payment, money("EUR", 1n), "part"));
      if (move === "provider good") decide(good);
      if (move === "provider refuses") decide({ type: "failed", code: "DECLINED", text: "no" });
      expect(payment.captured.minor).toBeLessThanOrEqual(payment.amount.minor);
      expect(payment.refunded.minor).toBeLessThanOrEqual(payment.captured.minor);
    }
    // The provider is well again, and the saga repeats what was not answered.
    while (open) decide(good);
    if (asked > 0) payment = take(cancelPayment(payment, false, start));
    while (open) decide(good);
    return { payment, captures, asked, answers };
  };

  it("what was left after a part was on its way back follows when the order is cancelled", () => {
    const { payment, answers } = play("CARD", ["provider good", "ship", "provider good", "refund", "cancel"]);
    expect(payment.refunded).toEqual(money("EUR", 1000n));
    const amounts = answers.flatMap((event) => (event.type === "payment.refunded" ? [event.amount.minor] : []));
    expect(amounts.slice(0, 2)).toEqual([1n, 999n]);
  });

  it("it is captured at most once, and of a cancelled order nothing is kept and an answer is given", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("CARD" as const, "COD" as const),
        fc.array(moves, { maxLength: 25 }),
        (method, script) => {
          const { payment, captures, asked, answers } = play(method, script);
          expect(captures).toBeLessThanOrEqual(1);
          if (asked === 0) return;
          expect(payment.captured).toEqual(payment.refunded);
          expect(["VOIDED", "REFUNDED", "FAILED"]).toContain(payment.status);
          expect(answers.map(({ type }) => type)).toContain("payment.refunded");
        },
      ),
      { numRuns: 500 },
    );
  });
});
