import { newId } from "@tandem/kernel";
import { createOutbox } from "@tandem/messaging";
import { countStatements } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HeldOperation, StepToSave } from "../src/biz/ports.ts";
import { makeOperationQueue } from "../src/data/operation-queue.ts";
import { makeStepStore } from "../src/data/step-store.ts";
import { makeShippingUnitOfWork } from "../src/data/unit-of-work.ts";
import { applyOutcome } from "../src/model/shipment.ts";
import { type Harness, startHarness, testParcel } from "./harness.ts";

let shipping: Harness;
beforeAll(async () => {
  shipping = await startHarness({ startWorkers: false });
});
afterAll(() => shipping[Symbol.asyncDispose]());

const outbox = () => createOutbox({ database: shipping.database, source: "shipping" });
const steps = () => makeStepStore(shipping.database, outbox(), () => {});
/** Parcels whose first operation is in our hands, by shipment. */
const held = async (n: number): Promise<readonly HeldOperation[]> => {
  for (let one = 0; one < n; one += 1) await shipping.packed(testParcel());
  const claimed = await makeOperationQueue(shipping.database).claim(n, 60_000);
  expect(claimed).toHaveLength(n);
  return claimed;
};
/** Nobody takes it: FAILED, and said so. */
const refusal = ({ id, token, shipment }: HeldOperation): StepToSave => {
  const outcome = { type: "refused", text: "nobody goes there" } as const;
  return { ...applyOutcome(shipment, "RATE", outcome, new Date()), before: shipment, from: { id, token, outcome } };
};
const statusesOf = async (operations: readonly HeldOperation[]) => {
  const { rows } = await shipping.database.query<{ id: string; status: string; operation: string }>(
    "select s.id, s.status, o.status as operation from shipment s join operation o on o.shipment_id = s.id where s.id = any($1)",
    [operations.map(({ ownerId }) => ownerId)],
  );
  return operations.map(({ ownerId }) => {
    const found = rows.find(({ id }) => id === ownerId);
    return [found?.status, found?.operation];
  });
};

describe("steps that come at once", () => {
  it("are one statement, each as a whole or not at all: token lost, changed meanwhile, customer forgotten", async () => {
    const operations = await held(4);
    const [, lost, changed, forgotten] = operations;
    const run = (text: string, id = "") => shipping.database.query(text, [id]);
    await run("update operation set token = token + 1 where id = $1", lost?.id);
    await run("update shipment set version = version + 1 where id = $1", changed?.ownerId);
    await run("update shipment set erased = true where id = $1", forgotten?.ownerId);
    const store = steps();
    let written: readonly boolean[] = [];
    const said = await countStatements(async () => {
      written = await Promise.all(operations.map((operation) => store.save(refusal(operation))));
    });
    expect(written).toEqual([true, false, false, false]);
    expect(said.filter((text) => !text.includes("pg_notify"))).toHaveLength(1);
    expect(await statusesOf(operations)).toEqual([["FAILED", "FAILED"], ...Array(3).fill(["PENDING", "OPEN"])]);
    const topics = await Promise.all(operations.map(({ ownerId }) => shipping.topics(ownerId)));
    expect(topics).toEqual([["shipment.failed"], [], [], []]);
  });

  it("do not spoil each other: what cannot be written is alone in failing", async () => {
    const operations = await held(3);
    const [first, bad, last] = operations.map(refusal);
    if (!first || !bad || !last) throw new Error("three were held");
    const next = { id: "no id", kind: "RATE", delayMs: 0, held: false, createdAt: new Date() } as const;
    const store = steps();
    const outcomes = await Promise.allSettled([first, { ...bad, next }, last].map((step) => store.save(step)));
    expect(outcomes).toMatchObject([{ value: true }, { reason: { code: "22P02" } }, { value: true }]);
    expect(await statusesOf(operations)).toEqual([
      ["FAILED", "FAILED"],
      ["PENDING", "OPEN"],
      ["FAILED", "FAILED"],
    ]);
  });

  it("end an operation once, however often it is tried", async () => {
    const [operation] = await held(1);
    if (!operation) throw new Error("one was held");
    const tries = await Promise.all(Array.from({ length: 5 }, () => steps().save(refusal(operation))));
    expect(tries.filter(Boolean)).toHaveLength(1);
    expect(await shipping.topics(operation.ownerId)).toEqual(["shipment.failed"]);
  });

  it("may hand on the next operation with a lease of its own; its holder dead, it is claimed as one that may have been sent", async () => {
    const [operation] = await held(1);
    if (!operation) throw new Error("one was held");
    const rate = { carrier: "ox", service: "standard", price: { currency: "EUR", minor: 390n }, days: 3 };
    const outcome = { type: "rated", rate } as const;
    const step = applyOutcome(operation.shipment, "RATE", outcome, new Date());
    const next = { id: newId(), kind: "BOOK", delayMs: -1, held: true, createdAt: new Date() } as const;
    const { id, token } = operation;
    expect(await steps().save({ ...step, before: operation.shipment, from: { id, token, outcome }, next })).toBe(true);
    const [again] = await makeOperationQueue(shipping.database).claim(1, 60_000);
    expect(again).toMatchObject({ id: next.id, kind: "BOOK", token: 2n, attempt: 2, uncertain: true });
    // Exactly as it was decided: nothing of a shipment is lost on its way into the table and back.
    expect(again?.shipment).toEqual(step.shipment);
  });

  it("find no operation that somebody else has taken over, also where the shipment is looked at anew", async () => {
    const [operation] = await held(1);
    if (!operation) throw new Error("one was held");
    const uow = makeShippingUnitOfWork(shipping.database, outbox());
    const look = (token: bigint) =>
      uow.transact(({ shipments }) => shipments.lockHeld(operation.ownerId, operation.id, token));
    expect(await look(operation.token)).toEqual(operation.shipment);
    expect(await look(operation.token + 1n)).toBeUndefined();
  });
});
