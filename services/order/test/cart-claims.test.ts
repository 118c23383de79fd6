import type { StateOperation, StateStore } from "@tandem/dapr";
import { AppError, newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeCartClaims } from "../src/data/cart-claims.ts";
import { makeCartStore } from "../src/data/cart-store.ts";
import { emptyCart } from "../src/model/cart.ts";
import { type Harness, startHarness } from "./harness.ts";

let order: Harness;
beforeAll(async () => {
  order = await startHarness();
});
afterAll(() => order[Symbol.asyncDispose]());

const claims = () => makeCartClaims(order.database);
const isTrue = (taken: boolean) => taken;

describe("the claim of a cart's version", () => {
  it("is one writer's, of however many ask at once", async () => {
    const cartId = newId();
    const taken = await Promise.all(Array.from({ length: 10 }, () => claims().take(cartId, 1)));
    expect(taken.filter(isTrue)).toHaveLength(1);
  });

  it("holds back neither the next version nor other carts, and refuses older ones", async () => {
    const cartId = newId();
    expect(await claims().take(cartId, 1)).toBe(true);
    expect(await claims().take(cartId, 2)).toBe(true);
    expect(await claims().take(cartId, 1)).toBe(false);
    expect(await claims().take(newId(), 1)).toBe(true);
  });

  it("is free again when it was released, or when its writer has been silent for its time", async () => {
    const cartId = newId();
    await claims().take(cartId, 1);
    await claims().release(cartId, 1);
    expect(await claims().take(cartId, 1)).toBe(true);
    await order.database.query("update cart_claim set held_until = now() - interval '1 second' where cart_id = $1", [
      cartId,
    ]);
    expect(await claims().take(cartId, 1)).toBe(true);
  });

  it("is forgotten an hour after it said anything", async () => {
    const [old, fresh] = [newId(), newId()];
    await claims().take(old, 1);
    await claims().take(fresh, 1);
    await order.database.query("update cart_claim set held_until = now() - interval '2 hours' where cart_id = $1", [
      old,
    ]);
    expect(await claims().prune()).toBeGreaterThan(0);
    const { rows } = await order.database.query("select cart_id from cart_claim where cart_id = any($1)", [
      [old, fresh],
    ]);
    expect(rows).toEqual([{ cart_id: fresh }]);
  });
});

describe("a cart's writers", () => {
  const cartOf = (version: number) => ({ ...emptyCart(newId(), newId(), "EUR", new Date(0)), version });
  /** A state store that fails as it is told, and remembers the transactions that were begun. */
  const stateThat = (fail: (begun: number) => AppError | undefined) => {
    const begun: (readonly StateOperation[])[] = [];
    const transact: StateStore["transact"] = async (operations) => {
      begun.push(operations);
      const error = fail(begun.length);
      if (error) throw error;
    };
    return { begun, state: { transact } as unknown as StateStore };
  };

  it("begin one transaction for one version: daprd never ends to look for one that failed on its etag", async () => {
    const { begun, state } = stateThat(() => undefined);
    const store = makeCartStore(state, claims());
    const cart = cartOf(3);
    const written = await Promise.allSettled(Array.from({ length: 5 }, () => store.put(cart, "etag")));
    expect(begun).toHaveLength(1);
    const refused = written.flatMap((one) => (one.status === "rejected" ? [one.reason.code] : []));
    expect(refused).toEqual(Array.from({ length: 4 }, () => "cart.version_conflict"));
  });

  it("may try at once again when the sidecar did not take it", async () => {
    const away = new AppError("unavailable", "dapr.unavailable", "The sidecar is away.");
    const { begun, state } = stateThat((times) => (times === 1 ? away : undefined));
    const store = makeCartStore(state, claims());
    const cart = cartOf(3);
    await expect(store.put(cart, "etag")).rejects.toBe(away);
    await store.put(cart, "etag");
    expect(begun).toHaveLength(2);
  });
});
