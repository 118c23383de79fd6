import { CustomerChange, CustomerUpdatedSchema } from "@tandem/contracts/customer";
import { newId } from "@tandem/kernel";
import { createMetrics } from "@tandem/runtime";
import { captureLog, pollUntil } from "@tandem/testkit";
import { afterEach, describe, expect, it } from "vitest";
import type { CarrierPort, Parcel } from "../src/biz/ports.ts";
import { guardCarrier } from "../src/client/guarded-carrier.ts";
import { createSimulatedCarriers } from "../src/client/simulated-carriers.ts";
import {
  type Harness,
  type HarnessOptions,
  type StoredShipment,
  startHarness,
  type TestParcel,
  testParcel,
} from "./harness.ts";

let shipping: Harness;
const start = async (options: HarnessOptions) => {
  shipping = await startHarness(options);
  return shipping;
};
afterEach(() => shipping?.[Symbol.asyncDispose]());

describe("a worker that dies between the carrier's answer and the commit", () => {
  it.each(["RATE", "BOOK", "LABEL", "PICKUP", "TRACK"])("loses nothing and does nothing twice: at %s", async (kind) => {
    let killed = 0;
    await start({
      env: { OPERATION_LEASE_MS: "300" },
      beforeCommit: (operation) => {
        if (operation.kind !== kind || killed > 0) return;
        killed += 1;
        throw new Error("kill -9");
      },
    });
    const parcel = testParcel();
    await shipping.packed(parcel);
    await shipping.handedOver(parcel);
    const { id } = (await shipping.shipmentOf(parcel)) as StoredShipment;
    await shipping.until(id, "shipment.delivered");
    expect(killed).toBe(1);
    expect(await shipping.topics(id)).toEqual(["shipment.created", "shipment.dispatched", "shipment.delivered"]);
    expect(await shipping.bookings()).toMatchObject([{ pickups: 1, cancelled: false }]);
  });

  it("has its late commit refused when another has taken over", async () => {
    const held = Promise.withResolvers<void>();
    let holding = 0;
    await start({
      env: { OPERATION_LEASE_MS: "150" },
      beforeCommit: async (operation) => {
        if (operation.kind !== "BOOK" || holding > 0) return;
        holding += 1;
        await held.promise;
      },
    });
    const { shipment } = await shipping.labelled();
    held.resolve();
    await pollUntil(
      async () => {
        const { rows } = await shipping.database.query("select 1 from operation where status = 'OPEN'");
        return rows.length === 0 || undefined;
      },
      { timeoutMs: 5_000, message: "nothing open" },
    );
    expect(await shipping.shipmentOf({ ...testParcel(), fulfillmentId: shipment["fulfillment_id"] as string })).toEqual(
      shipment,
    );
    expect(await shipping.bookings()).toHaveLength(1);
  });
});

describe("what happens to a parcel between the carrier's answer and the commit", () => {
  const meanwhile = async (kind: string, happens: (parcel: TestParcel) => Promise<unknown>) => {
    let happened = false;
    const parcel = testParcel();
    await start({
      // The first look finds it at the door: what happens meanwhile happens at the last one.
      env: { CARRIER_TRANSIT_MS: "0" },
      beforeCommit: async (operation) => {
        if (operation.kind !== kind || happened) return;
        happened = true;
        await happens(parcel);
      },
    });
    await shipping.packed(parcel);
    return { parcel, id: ((await shipping.shipmentOf(parcel)) as StoredShipment).id };
  };

  it.each(["RATE", "BOOK", "LABEL"])("is not overwritten: handed over at %s", async (kind) => {
    const { id } = await meanwhile(kind, (parcel) => shipping.handedOver(parcel));
    await shipping.until(id, "shipment.delivered");
    expect(await shipping.topics(id)).toEqual(["shipment.created", "shipment.dispatched", "shipment.delivered"]);
    expect(await shipping.bookings()).toMatchObject([{ pickups: 1, cancelled: false }]);
  });

  it.each([
    ["RATE", 0, []],
    ["BOOK", 1, []],
    ["LABEL", 1, []],
  ] as const)("is not overwritten: called off at %s, nothing stays booked", async (kind, bookings, topics) => {
    const { id } = await meanwhile(kind, (parcel) => shipping.cancelled(parcel));
    await shipping.untilStatus(id, "CANCELLED");
    expect(await shipping.topics(id)).toEqual(topics);
    const booked = await shipping.bookings();
    expect(booked).toHaveLength(bookings);
    for (const booking of booked) expect(booking).toMatchObject({ pickups: 0, cancelled: true });
  });

  it("is not overwritten: its customer is forgotten at the last look for it", async () => {
    const { parcel, id } = await meanwhile("TRACK", ({ customerId }) =>
      shipping.deliver(CustomerUpdatedSchema, {
        customerId,
        aggregateVersion: 5n,
        occurredAt: { seconds: 1_795_000_000n, nanos: 0 },
        change: CustomerChange.ERASED,
        customer: { customerId },
      }),
    );
    await shipping.handedOver(parcel);
    await shipping.until(id, "shipment.delivered");
    expect(await shipping.shipmentOf(parcel)).toMatchObject({ erased: true, recipient: { recipient: "" } });
  });
});

const failing = (code: string, fail: () => boolean, inner?: CarrierPort): CarrierPort => {
  const down = async () => {
    throw new Error(`${code} answered 503`);
  };
  const through = <A extends readonly unknown[], T>(call: ((...args: A) => Promise<T>) | undefined) =>
    ((...args: A) => (fail() || !call ? down() : call(...args))) as (...args: A) => Promise<T>;
  return {
    code,
    name: code,
    rates: through(inner?.rates),
    book: through(inner?.book),
    findBooking: through(inner?.findBooking),
    label: through(inner?.label),
    pickUp: through(inner?.pickUp),
    track: through(inner?.track),
    cancel: through(inner?.cancel),
  };
};

describe("carriers that are down", () => {
  it("are passed over when another answers, and waited for when none does", async () => {
    let down = true;
    // Its books are known only after the start: they are looked up when it is asked.
    const real = () =>
      createSimulatedCarriers({ database: shipping.database, callMs: 0, transitMs: 20 })[1] as CarrierPort;
    const swift = failing("swift", () => down, {
      code: "swift",
      name: "swift",
      rates: (...args) => real().rates(...args),
      book: (...args) => real().book(...args),
      findBooking: (...args) => real().findBooking(...args),
      label: (...args) => real().label(...args),
      pickUp: (...args) => real().pickUp(...args),
      track: (...args) => real().track(...args),
      cancel: (...args) => real().cancel(...args),
    });
    await start({ carriers: [failing("dead", () => true), swift] });
    const parcel = testParcel();
    await shipping.packed(parcel);
    const { id } = (await shipping.shipmentOf(parcel)) as StoredShipment;
    await pollUntil(
      async () => {
        const { rows } = await shipping.database.query<{ attempts: number }>("select attempts from operation");
        return (rows[0]?.attempts ?? 0) >= 2 || undefined;
      },
      { timeoutMs: 10_000, message: "two tries" },
    );
    expect(await shipping.topics(id)).toEqual([]);
    down = false;
    await shipping.untilStatus(id, "LABELLED");
    expect(await shipping.shipmentOf(parcel)).toMatchObject({ carrier: "swift" });
  });

  it("are left to a person after a day", async () => {
    await start({ carriers: [failing("dead", () => true)], env: { OPERATION_GIVE_UP_MS: "1000" } });
    await shipping.packed(testParcel());
    shipping.clock.advance(2_000);
    await pollUntil(
      async () => {
        const { rows } = await shipping.database.query("select 1 from operation where due_at = 'infinity'");
        return rows.length === 1 || undefined;
      },
      { timeoutMs: 10_000, message: "parked" },
    );
  });

  it("are left alone by their own breaker, and each call has a deadline also when it heeds no signal", async () => {
    const { log } = captureLog();
    const metrics = createMetrics({ service: "test" });
    let calls = 0;
    const hanging: CarrierPort = {
      ...failing("hanging", () => true),
      track: () => {
        calls += 1;
        return new Promise(() => {});
      },
    };
    const guarded = guardCarrier(hanging, { timeoutMs: 5, log, metrics });
    const signal = new AbortController().signal;
    await expect(guarded.track("X", signal)).rejects.toMatchObject({ code: "shipping.carrier_timeout" });
    for (let n = 0; n < 60; n += 1) await guarded.track("X", signal).catch(() => {});
    expect(calls).toBeLessThan(60);
    await expect(guarded.rates({} as Parcel, signal)).rejects.toMatchObject({ code: "circuit.open" });
    const text = await metrics.text();
    expect(text).toMatch(/tandem_shipping_carrier_circuit_open\{[^}]*carrier="hanging"[^}]*\} 1/);
    expect(text).toMatch(/tandem_shipping_carrier_failures_total\{[^}]*call="track"[^}]*\} \d/);
  });
});

describe("tracking-poll", () => {
  it("takes up parcels on their way that nothing follows, or only something parked, and no others", async () => {
    await start({ startWorkers: false });
    const address = { recipient: "A", countryCode: "DE" };
    const ids = [newId(), newId(), newId()];
    for (const [index, id] of ids.entries())
      await shipping.database.query(
        `insert into shipment (id, kind, status, order_id, seller_id, customer_id, lines, sender, recipient, weight_grams, service_level, carrier,
           carrier_service, tracking_number, tracking_url, routing_code, refused_by, handed_over, erased, reason, created_at, updated_at, version)
         values ($1, 'EXTRA', $2, $3, $3, $3, '[]', $4, $4, 0, 'STANDARD', 'ox', '', $5, '', '', '[]', true, false, '', now(), now(), 1)`,
        [id, index === 2 ? "DELIVERED" : "DISPATCHED", newId(), JSON.stringify(address), `OX${index}`],
      );
    await shipping.database.query(
      "insert into operation (id, shipment_id, kind, status, due_at, created_at) values ($1, $2, 'TRACK', 'OPEN', 'infinity', now())",
      [newId(), ids[0]],
    );
    expect(await shipping.runJob("shipping.tracking-poll")).toEqual({ takenUp: 2 });
    expect(await shipping.runJob("shipping.tracking-poll")).toEqual({ takenUp: 0 });
    const { rows } = await shipping.database.query<{ id: string }>(
      "select shipment_id as id from operation where kind = 'TRACK' and due_at <= now() order by 1",
    );
    expect(rows.map(({ id }) => id)).toEqual(ids.slice(0, 2).sort());
  });
});

describe("the database", () => {
  it("refuses what must never be: a cancelled parcel on its way, two bookings, two pickups, two shipments of a fulfillment", async () => {
    await start({});
    const { shipment } = await shipping.labelled();
    const run = (text: string, values: unknown[] = [shipment.id]) => shipping.database.query(text, values);
    await run("update shipment set cancelled_by = 'HAND' where id = $1");
    await expect(run("update shipment set status = 'DISPATCHED' where id = $1")).rejects.toThrow();
    for (const kind of ["BOOK", "PICKUP"]) {
      const insert = () =>
        run(
          "insert into operation (id, shipment_id, kind, status, due_at, created_at) values ($2, $1, $3, 'SUCCEEDED', now(), now())",
          [shipment.id, newId(), kind],
        );
      if (kind === "PICKUP") await insert();
      await expect(insert()).rejects.toThrow();
    }
    await run(
      "insert into operation (id, shipment_id, kind, status, due_at, created_at) values ($2, $1, 'CANCEL', 'OPEN', 'infinity', now())",
      [shipment.id, newId()],
    );
    await expect(
      run(
        "insert into operation (id, shipment_id, kind, status, due_at, created_at) values ($2, $1, 'LABEL', 'OPEN', 'infinity', now())",
        [shipment.id, newId()],
      ),
    ).rejects.toThrow();
    const copy = `insert into shipment select * from jsonb_populate_record(null::shipment,
      (select to_jsonb(s) || jsonb_build_object('id', $2::text, 'tracking_number', '') from shipment s where id = $1))`;
    await expect(run(copy, [shipment.id, newId()])).rejects.toThrow();
  });
});
