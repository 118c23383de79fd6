import { FulfillmentStatus, FulfillmentStatusChangedSchema } from "@tandem/contracts/fulfillment";
import { PaymentAuthorizedSchema } from "@tandem/contracts/payment";
import { StockReservedSchema } from "@tandem/contracts/warehouse";
import { newId } from "@tandem/kernel";
import { countStatements } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { address, card, type Harness, startHarness } from "./harness.ts";

let order: Harness;
beforeAll(async () => {
  order = await startHarness();
});
afterAll(() => order[Symbol.asyncDispose]());

/** Without the wake of another process's relay, which is one for all commits of some milliseconds. */
const saidBy = async (work: () => Promise<unknown>) =>
  (await countStatements(work)).filter((text) => !text.includes("pg_notify"));

const fill = async () => {
  const as = await order.tokens.customer();
  const cartId = newId();
  const { productId, sellerId } = order.sell();
  const put = async () =>
    expect(
      (
        await order.http(`/carts/${cartId}/items/${productId}`, {
          method: "PUT",
          as,
          body: { quantity: 2, currencyCode: "EUR", sku: "S", sellerId },
        })
      ).status,
    ).toBe(200);
  const checkout = async (): Promise<string> => {
    const body = { shippingAddress: address, paymentMethod: card };
    const { json } = await order.http(`/carts/${cartId}/checkout`, { method: "POST", as, body });
    return json.data.orderId;
  };
  return { sellerId, put, checkout };
};

const eventsOf = (orderId: string, sellerId: string) => {
  const about = { orderId, aggregateVersion: 1n, occurredAt: { seconds: 1n, nanos: 0 } };
  return {
    reserved: (id = newId()) => order.deliver(StockReservedSchema, { ...about, reservationId: newId() }, id),
    authorized: (id = newId()) => order.deliver(PaymentAuthorizedSchema, { ...about, paymentId: newId() }, id),
    picking: (id = newId()) =>
      order.deliver(
        FulfillmentStatusChangedSchema,
        { ...about, fulfillmentId: newId(), sellerId, status: FulfillmentStatus.PICKING },
        id,
      ),
  };
};

const ordered = async () => {
  const { put, checkout, sellerId } = await fill();
  await put();
  const orderId = await checkout();
  return { orderId, says: eventsOf(orderId, sellerId) };
};
const historyOf = async (orderId: string) =>
  (
    await order.database.query<{ type: string; outcome: string }>(
      "select event_type as type, outcome from tandem.saga_step where id = $1 order by no",
      [orderId],
    )
  ).rows;

describe("what it costs in statements", () => {
  it("to put something into a cart: two, the claim of its version and one that knows all of its products", async () => {
    const { put } = await fill();
    expect(await saidBy(put)).toHaveLength(2);
  });

  it("to check a cart out: seven, in three round trips", async () => {
    const { put, checkout } = await fill();
    await put();
    const said = await saidBy(checkout);
    // The look for the same checkout, beside the quote | BEGIN, the order with its lists, the saga, the claim of the cart | outbox with story, COMMIT.
    expect(said).toHaveLength(7);
  });

  it("to take a step of the checkout: five, in two round trips", async () => {
    const { says } = await ordered();
    for (const step of [says.reserved, says.authorized]) {
      const said = await saidBy(step);
      // BEGIN, inbox with saga with order | saga, order with its lists, its story and outbox, COMMIT.
      expect(said).toHaveLength(5);
      expect(said[1]).toContain("tandem.inbox");
    }
  });

  it("to note what moves no checkout: one, which waits for nobody", async () => {
    const { orderId, says } = await ordered();
    await order.database.transact(async (tx) => {
      await tx.client.query("select from tandem.saga where id = $1 for update", [orderId]);
      expect(await saidBy(says.picking)).toHaveLength(1);
    });
    expect((await historyOf(orderId)).at(-1)).toEqual({ type: "fulfillment_picking", outcome: "applied" });
  });

  it("to hear the same again: one for a note, three for a step, and nothing is changed", async () => {
    const { orderId, says } = await ordered();
    const [reserved, picking] = [newId(), newId()];
    await says.reserved(reserved);
    await says.picking(picking);
    const before = await order.fingerprint();
    expect(await saidBy(() => says.reserved(reserved))).toHaveLength(3);
    expect(await saidBy(() => says.picking(picking))).toHaveLength(1);
    expect(await order.fingerprint()).toEqual(before);
    expect((await historyOf(orderId)).filter(({ type }) => type === "fulfillment_picking")).toHaveLength(1);
  });
});
