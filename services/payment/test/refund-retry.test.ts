import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  cancelled,
  type Harness,
  returned,
  shortened,
  startHarness,
  type TestOrder,
  testOrder,
  updated,
} from "./harness.ts";

let payment: Harness;
beforeAll(async () => {
  payment = await startHarness({ REFUND_MAX_TRIES: "3", REFUND_RETRY_PAUSE_MS: "60000" });
  // The provider's side: how many refunds of a charge it still refuses.
  await payment.database.query(`
    create table provider_sim.refusing (charge_id text primary key, times integer not null);
    create function provider_sim.refuse() returns trigger language plpgsql as $$
    begin
      update provider_sim.refusing set times = times - 1 where charge_id = new.charge_id and times > 0;
      if found then new.status := 'FAILED'; new.failure_code := 'DECLINED'; end if;
      return new;
    end $$;
    create trigger refuse before insert on provider_sim.operation for each row when (new.kind = 'REFUND')
      execute function provider_sim.refuse()`);
});
afterAll(() => payment[Symbol.asyncDispose]());

interface Claim extends Record<string, unknown> {
  readonly status: string;
  readonly attempts: number;
}
const claimOf = async (order: TestOrder) => {
  const { rows } = await payment.database.query<Claim>(
    "select c.* from refund_claim c join payment p on p.id = c.payment_id where p.order_id = $1",
    [order.orderId],
  );
  return rows[0];
};
const untilClaim = (order: TestOrder, status: string, attempts: number) =>
  expect.poll(() => claimOf(order), { timeout: 10_000 }).toMatchObject({ status, attempts });

/** Captured, and the provider refuses its next refunds. */
const refusing = async (times: number) => {
  const order = testOrder();
  await payment.deliver(...updated(order, "STOCK_RESERVED"));
  await payment.until(order.orderId, "payment.authorized");
  await payment.deliver(...updated(order, "SHIPPED"));
  await payment.until(order.orderId, "payment.captured");
  await payment.database.query(
    "insert into provider_sim.refusing select provider_reference, $2 from payment where order_id = $1",
    [order.orderId, times],
  );
  return order;
};
const pass = (order: TestOrder, seconds: number) =>
  payment.database.query(
    `update refund_claim set failed_at = failed_at - $2 * interval '1 second'
     where payment_id = (select id from payment where order_id = $1)`,
    [order.orderId, seconds],
  );
const retry = () => payment.runJob("payment.refund-retry") as Promise<{ askedAgain: number }>;
const gauge = async (name: string, state: string) => {
  const line = (await payment.metrics.text())
    .split("\n")
    .find((one) => one.startsWith(`${name}{`) && one.includes(`state="${state}"`));
  return Number(line?.split(" ").at(-1));
};

describe("a refund that the provider refused", () => {
  it("is asked for again when its pause is over, not before, and each pause is twice as long", async () => {
    const order = await refusing(2);
    const returnId = newId();
    await payment.deliver(...returned(order, returnId, 500n));
    await untilClaim(order, "FAILED", 1);
    expect(await retry()).toEqual({ askedAgain: 0 });
    await pass(order, 61);
    expect(await gauge("tandem_payment_refund_claims", "RETRYING")).toBe(1);
    expect(await retry()).toEqual({ askedAgain: 1 });
    await untilClaim(order, "FAILED", 2);
    await pass(order, 61);
    expect(await retry()).toEqual({ askedAgain: 0 });
    await pass(order, 60);
    expect(await retry()).toEqual({ askedAgain: 1 });
    await untilClaim(order, "DONE", 2);
    const told = await payment.until(order.orderId, "payment.refunded");
    expect(told.filter(({ topic }) => topic === "payment.failed")).toHaveLength(2);
    expect(told.at(-1)).toMatchObject({ topic: "payment.refunded", data: { reason: `return ${returnId}` } });
    expect(await payment.paymentRow(order.orderId)).toMatchObject({ refunded_minor: "500" });
    expect(await retry()).toEqual({ askedAgain: 0 });
  });

  it("is asked for once by any number of jobs at a time", async () => {
    const order = await refusing(1);
    await payment.deliver(...shortened(order, 6_000n));
    await untilClaim(order, "FAILED", 1);
    await pass(order, 61);
    const runs = await Promise.all([retry(), retry(), retry()]);
    expect(runs.reduce((sum, { askedAgain }) => sum + askedAgain, 0)).toBe(1);
    await untilClaim(order, "DONE", 1);
    expect(await payment.paymentRow(order.orderId)).toMatchObject({ refunded_minor: "462" });
  });

  it("is left to a person after the last try, who is told by a gauge; a refund that names the return ends it", async () => {
    const order = await refusing(3);
    const returnId = newId();
    await payment.deliver(...returned(order, returnId, 500n));
    for (const attempts of [1, 2, 3]) {
      await untilClaim(order, "FAILED", attempts);
      await pass(order, 1_000_000);
      expect(await retry()).toEqual({ askedAgain: attempts === 3 ? 0 : 1 });
    }
    expect(await gauge("tandem_payment_refund_claims", "GIVEN_UP")).toBe(1);
    expect(await gauge("tandem_payment_refund_claims", "RETRYING")).toBe(0);

    const { id } = (await payment.paymentRow(order.orderId)) ?? {};
    const authorization = `Bearer ${await payment.tokens.mint({ subject: "s", roles: ["staff"] })}`;
    const body = { amount: { currencyCode: "EUR", amountMinor: "500" }, reason: `return ${returnId}` };
    await payment.http(`/payments/${id}/refunds`, { method: "POST", body, headers: { authorization } });
    await untilClaim(order, "DONE", 3);
    expect(await payment.paymentRow(order.orderId)).toMatchObject({ refunded_minor: "500" });
    expect(await gauge("tandem_payment_refund_claims", "GIVEN_UP")).toBe(0);
  });

  it("is not paid twice when a person was quicker than the job", async () => {
    const order = await refusing(1);
    const returnId = newId();
    await payment.deliver(...returned(order, returnId, 500n));
    await untilClaim(order, "FAILED", 1);
    const { id } = (await payment.paymentRow(order.orderId)) ?? {};
    const authorization = `Bearer ${await payment.tokens.mint({ subject: "s", roles: ["staff"] })}`;
    const body = { amount: { currencyCode: "EUR", amountMinor: "500" }, reason: `return ${returnId}` };
    await pass(order, 61);
    await Promise.all([
      payment.http(`/payments/${id}/refunds`, { method: "POST", body, headers: { authorization } }),
      retry(),
    ]);
    await untilClaim(order, "DONE", 1);
    await retry();
    expect(await payment.paymentRow(order.orderId)).toMatchObject({ refunded_minor: "500" });
  });

  it("of a cancelled order is not a claim's matter any more: everything goes back", async () => {
    const order = await refusing(1);
    await payment.deliver(...returned(order, newId(), 500n));
    await untilClaim(order, "FAILED", 1);
    await payment.deliver(...cancelled(order));
    await payment.until(order.orderId, "payment.refunded");
    await pass(order, 61);
    expect(await retry()).toEqual({ askedAgain: 0 });
    expect(await payment.paymentRow(order.orderId)).toMatchObject({ status: "REFUNDED", refunded_minor: "6462" });
    expect(await gauge("tandem_payment_refund_claims", "RETRYING")).toBe(0);
  });

  it("from before there were retries is asked for at once", async () => {
    const order = await refusing(1);
    await payment.deliver(...returned(order, newId(), 500n));
    await untilClaim(order, "FAILED", 1);
    await payment.database.query(
      "update refund_claim set attempts = 0, failed_at = null, created_at = now() - interval '1 hour' where status = 'FAILED'",
    );
    await retry();
    await untilClaim(order, "DONE", 0);
  });
});

it("shows what is open at the provider, by state, at every scrape", async () => {
  await payment.database.query(
    `insert into operation (id, payment_id, kind, currency, amount_minor, reason, status, due_at, created_at)
     select gen_random_uuid(), p.id, 'REFUND', 'EUR', 0, '', 'OPEN', 'infinity', now() from payment p
     where not exists (select 1 from operation o where o.payment_id = p.id and o.status = 'OPEN') limit 1`,
  );
  expect(await gauge("tandem_payment_operations_open", "PARKED")).toBe(1);
  expect(await gauge("tandem_payment_operations_open", "PENDING")).toBe(0);
  expect(await payment.metrics.text()).toMatch(/tandem_payment_operations_oldest_seconds\{[^}]*\} 0/);
});
