import { money, newId } from "@tandem/kernel";
import { createOutbox } from "@tandem/messaging";
import { createLogger, createMetrics } from "@tandem/runtime";
import { createTestDatabase, pollUntil, type TestDatabase } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeCapturePayment, makeRefundPayment } from "../src/biz/change-payment.ts";
import { makeCancelPayment, makeCollectPayment, makeOpenPayment, type OrderMoney } from "../src/biz/follow-order.ts";
import { createSimulatedProvider } from "../src/client/simulated-provider.ts";
import { makeOperationQueue } from "../src/data/operation-queue.ts";
import { makePaymentReader } from "../src/data/payment-reader.ts";
import { makePaymentUnitOfWork } from "../src/data/unit-of-work.ts";
import { migrations } from "../src/migrate.ts";
import { createOperationsWorker, makeRunOperation } from "../src/worker/operations-worker.ts";

const clock = { now: () => new Date() };
let test: TestDatabase;
let shop: ReturnType<typeof open>;

const open = ({ database }: TestDatabase) => {
  const outbox = createOutbox({ database, source: "payment" });
  const deps = { uow: makePaymentUnitOfWork(database, outbox, () => operations.wake()), clock, newId };
  const queue = makeOperationQueue(database);
  const provider = createSimulatedProvider({ database, lateMs: 100 });
  const runOperation = makeRunOperation({ ...deps, queue, provider, callTimeoutMs: 150 });
  const operations = createOperationsWorker({
    queue,
    runOperation,
    log: createLogger({ service: "test", level: "silent" }),
    metrics: createMetrics({ service: "test" }),
    maxPollMs: 25,
  });
  return {
    deps,
    queue,
    provider,
    operations,
    open: makeOpenPayment(deps),
    collect: makeCollectPayment(deps),
    cancel: makeCancelPayment(deps),
    capture: makeCapturePayment(deps),
    refund: makeRefundPayment(deps),
    payments: makePaymentReader(database.orm),
  };
};

const order = (cardToken = "tok_visa", method: "CARD" | "COD" = "CARD"): OrderMoney => ({
  orderId: newId(),
  customerId: newId(),
  amount: money("EUR", 6462n),
  method,
  cardToken,
});
const totalOf = ({ orderId, amount: total }: OrderMoney) => ({ orderId, total, version: 3n });
const paymentOf = async ({ orderId }: OrderMoney) => {
  const { items } = await shop.payments.listByCriteria({ orderId }, { limit: 1 });
  const [payment] = items;
  if (!payment) throw new Error("no payment");
  return payment;
};
const untilStatus = (of: OrderMoney, status: string) =>
  pollUntil(async () => ((await paymentOf(of)).status === status ? paymentOf(of) : undefined), {
    timeoutMs: 10_000,
    message: `payment ${status}`,
  });
const eventsOf = async (of: OrderMoney): Promise<{ topic: string; data: Record<string, unknown> }[]> => {
  const { rows } = await test.database.query<{ topic: string; data: string }>(
    "select topic, data from tandem.outbox_event where data::jsonb ->> 'orderId' = $1 order by seq",
    [of.orderId],
  );
  return rows.map(({ topic, data }) => ({ topic, data: JSON.parse(data) as Record<string, unknown> }));
};
const topicsOf = async (of: OrderMoney) => (await eventsOf(of)).map(({ topic }) => topic);
const answered = (of: OrderMoney) =>
  pollUntil(async () => (await topicsOf(of)).includes("payment.refunded") || undefined, {
    timeoutMs: 10_000,
    message: "an answer to the cancellation",
  });

beforeAll(async () => {
  test = await createTestDatabase({ sets: migrations });
  shop = open(test);
  await shop.operations.start(new AbortController().signal);
});
afterAll(async () => {
  await shop.operations.stop();
  await test.dispose();
});

describe("an order's money", () => {
  it("is authorized once, captured once when it ships, however often both are asked for", async () => {
    const wanted = order();
    await Promise.all([shop.open(wanted), shop.open(wanted), shop.open(wanted)]);
    await untilStatus(wanted, "AUTHORIZED");
    await Promise.all([1, 2, 3].map(() => shop.collect(totalOf(wanted), "SHIPPED")));
    expect(await untilStatus(wanted, "CAPTURED")).toMatchObject({ captured: money("EUR", 6462n), cardToken: "" });
    await shop.collect(totalOf(wanted), "DELIVERED");
    expect(await topicsOf(wanted)).toEqual(["payment.authorized", "payment.captured"]);
  });

  it.each([
    ["tok_declined", "DECLINED"],
    ["tok_insufficient_funds", "INSUFFICIENT_FUNDS"],
    ["tok_expired", "CARD_EXPIRED"],
    ["tok_nobody_knows", "TOKEN_INVALID"],
  ])("is refused with a reason: %s", async (token, failureCode) => {
    const wanted = order(token);
    await shop.open(wanted);
    expect(await untilStatus(wanted, "FAILED")).toMatchObject({ failureCode });
    expect(await topicsOf(wanted)).toEqual(["payment.failed"]);
  });

  it.each(["tok_timeout", "tok_late", "tok_flaky"])("is authorized once although the provider is %s", async (token) => {
    const wanted = order(token);
    await shop.open(wanted);
    await untilStatus(wanted, "AUTHORIZED");
    expect(await topicsOf(wanted)).toEqual(["payment.authorized"]);
  });

  it("in cash is good until the door, and collected there", async () => {
    const wanted = order("", "COD");
    expect(await shop.open(wanted)).toMatchObject({ status: "AUTHORIZED" });
    expect(await shop.collect(totalOf(wanted), "SHIPPED")).toMatchObject({ status: "AUTHORIZED" });
    expect(await shop.collect(totalOf(wanted), "DELIVERED")).toMatchObject({ status: "CAPTURED" });
  });

  it("is asked for again later when the wish comes before the order", async () => {
    await expect(shop.collect(totalOf(order()), "SHIPPED")).rejects.toMatchObject({
      code: "payment.not_found",
      retryable: true,
    });
  });
});

describe("a cancelled order", () => {
  it("charges nothing when its cancellation arrives first, and is answered", async () => {
    const wanted = order();
    await shop.cancel(wanted);
    expect(await shop.open(wanted)).toMatchObject({ status: "VOIDED" });
    expect(await topicsOf(wanted)).toEqual(["payment.refunded"]);
  });

  it("gets its authorization voided, and is answered again when it asks again", async () => {
    const wanted = order();
    await shop.open(wanted);
    await untilStatus(wanted, "AUTHORIZED");
    await shop.cancel(wanted);
    await untilStatus(wanted, "VOIDED");
    await shop.cancel(wanted);
    const events = await eventsOf(wanted);
    expect(events.map(({ topic }) => topic)).toEqual(["payment.authorized", "payment.refunded", "payment.refunded"]);
    expect(events.at(-1)?.data).toMatchObject({ amount: { currencyCode: "EUR" } });
  });

  it("gets its money back when it was captured", async () => {
    const wanted = order();
    await shop.open(wanted);
    await untilStatus(wanted, "AUTHORIZED");
    await shop.collect(totalOf(wanted), "SHIPPED");
    await untilStatus(wanted, "CAPTURED");
    await shop.cancel(wanted);
    expect(await untilStatus(wanted, "REFUNDED")).toMatchObject({ refunded: money("EUR", 6462n) });
  });

  it("keeps nothing of an authorization that was in flight when the cancellation came", async () => {
    for (const token of ["tok_late", "tok_timeout", "tok_visa", "tok_declined"]) {
      const wanted = order(token);
      await shop.open(wanted);
      await shop.cancel(wanted);
      await answered(wanted);
      expect(["VOIDED", "FAILED"]).toContain((await paymentOf(wanted)).status);
      expect(await topicsOf(wanted)).not.toContain("payment.captured");
    }
  });
});

describe("the operations worker", () => {
  it("asks what became of an operation whose process died between the answer and the commit", async () => {
    const wanted = order();
    await shop.operations.stop();
    await shop.open(wanted);
    const [leased] = await shop.queue.claim(10, 1);
    if (!leased) throw new Error("nothing claimed");
    // The provider acted; we died before we wrote it down.
    await shop.provider.execute({ ...leased, operationId: leased.id }, AbortSignal.timeout(1_000));
    const crashed = makeRunOperation({
      ...shop.deps,
      queue: shop.queue,
      provider: shop.provider,
      callTimeoutMs: 150,
      beforeCommit: () => {
        throw new Error("kill -9");
      },
    });
    await expect(crashed(leased, AbortSignal.timeout(1_000))).rejects.toThrow("kill -9");
    const [again] = await pollUntil(
      async () => {
        const claimed = await shop.queue.claim(10, 5_000);
        return claimed.length > 0 ? claimed : undefined;
      },
      { timeoutMs: 5_000, message: "the lease to end" },
    );
    expect(again).toMatchObject({ id: leased.id, uncertain: true });
    const run = makeRunOperation({ ...shop.deps, queue: shop.queue, provider: shop.provider, callTimeoutMs: 150 });
    if (!again) throw new Error("nothing claimed");
    expect(await run(again, AbortSignal.timeout(1_000))).toBe("done");
    // The first holder wakes up: its token is stale.
    expect(await run(leased, AbortSignal.timeout(1_000))).toBe("stale");
    expect(await topicsOf(wanted)).toEqual(["payment.authorized"]);
    const { rows } = await test.database.query("select 1 from provider_sim.operation where operation_id = $1", [
      leased.id,
    ]);
    expect(rows).toHaveLength(1);
  });
});

describe("the books", () => {
  it("refund partly, then the rest, and never more than was captured", async () => {
    // The worker of the suite was stopped above: cash needs none.
    const wanted = order("", "COD");
    const { id } = await shop.open(wanted);
    await shop.collect(totalOf(wanted), "DELIVERED");
    await expect(shop.refund(id, money("EUR", 7000n), "broken")).rejects.toMatchObject({
      code: "payment.amount_exceeded",
    });
    await expect(shop.refund(id, money("USD", 1n), "broken")).rejects.toMatchObject({
      code: "payment.currency_mismatch",
    });
    await expect(shop.capture(newId(), undefined)).rejects.toMatchObject({ code: "payment.not_found" });
  });

  it("agree with the bank's: one capture per order, and nothing kept of a cancelled one", async () => {
    const { rows } = await test.database.query(
      `select p.id from payment p
       left join lateral (
         select coalesce(sum(amount_minor) filter (where kind = 'CAPTURE' and status = 'SUCCEEDED'), 0) as captured,
           coalesce(sum(amount_minor) filter (where kind = 'REFUND' and status = 'SUCCEEDED'), 0) as refunded,
           count(*) filter (where kind = 'CAPTURE' and status = 'SUCCEEDED') as captures
         from provider_sim.operation b where b.charge_id = p.provider_reference
       ) bank on true
       where p.method = 'CARD' and (bank.captured <> p.captured_minor or bank.refunded <> p.refunded_minor or bank.captures > 1
         or (p.cancelled and bank.captured <> bank.refunded))`,
    );
    expect(rows).toEqual([]);
  });

  it("cannot be overdrawn even when the code is wrong: the database refuses", async () => {
    const wanted = order("", "COD");
    await shop.open(wanted);
    await expect(
      test.database.query("update payment set captured_minor = amount_minor + 1 where order_id = $1", [wanted.orderId]),
    ).rejects.toThrow(/payment_not_overcaptured/);
  });
});
