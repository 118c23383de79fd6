import { newId } from "@tandem/kernel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AddressBook,
  addAddress,
  changeAddress,
  MOST_ADDRESSES,
  makeDefault,
  removeAddress,
} from "../src/model/address-book.ts";
import {
  confirmErasure,
  eraseCustomer,
  moveToSegment,
  registerCustomer,
  updateProfile,
} from "../src/model/customer.ts";
import { counts, noOrders, type OrderRecord, type OrderStatus, replaceOrder } from "../src/model/order-statistics.ts";
import { SEGMENT_RULES, segmentOf } from "../src/model/segment.ts";

const now = new Date("2026-11-21T10:00:00Z");
const customerId = newId();
const place = {
  recipient: "Ada",
  line1: "1 Road",
  line2: "",
  postalCode: "1",
  city: "X",
  region: "",
  countryCode: "GB",
  phone: "",
  label: "",
};

describe("an address book", () => {
  const edits = fc.array(
    fc.record({ what: fc.constantFrom("add", "default", "remove", "change"), flag: fc.boolean(), at: fc.nat(30) }),
    { maxLength: 60 },
  );
  it("has exactly one default as long as it has addresses, and never more than its limit, whatever is done to it", () => {
    fc.assert(
      fc.property(edits, (steps) => {
        let book: AddressBook = [];
        for (const { what, flag, at } of steps) {
          const id = book[at % Math.max(1, book.length)]?.id ?? "";
          try {
            if (what === "add") book = addAddress(book, { ...place, id: newId(), customerId, makeDefault: flag }, now);
            else if (what === "default") book = makeDefault(book, id);
            else if (what === "change") book = changeAddress(book, id, { ...place, label: String(at) }, now);
            else book = removeAddress(book, id);
          } catch (error) {
            expect(error).toMatchObject({
              code: expect.stringMatching(/^customer\.(address_limit|address_not_found)$/),
            });
          }
          expect(book.length).toBeLessThanOrEqual(MOST_ADDRESSES);
          expect(book.filter(({ isDefault }) => isDefault)).toHaveLength(Math.min(1, book.length));
        }
      }),
    );
  });

  it("comes back itself when nothing changes", () => {
    const book = addAddress([], { ...place, id: newId(), customerId, makeDefault: false }, now);
    const id = book[0]?.id ?? "";
    expect(makeDefault(book, id)).toBe(book);
    expect(changeAddress(book, id, place, now)).toBe(book);
    expect(removeAddress(book, newId())).toBe(book);
    expect(() => makeDefault(book, newId())).toThrow(expect.objectContaining({ code: "customer.address_not_found" }));
  });
});

describe("figures", () => {
  const statuses: OrderStatus[] = ["CONFIRMED", "SHIPPED", "COMPLETED", "CANCELLED", "RETURNED"];
  const record = fc.record({
    order: fc.nat(4),
    version: fc.bigInt(1n, 20n),
    status: fc.constantFrom(...statuses),
    confirmed: fc.boolean(),
    currency: fc.constantFrom("EUR", "CHF"),
    totalMinor: fc.bigInt(0n, 10_000n),
    back: fc.bigInt(0n, 100n),
    days: fc.nat(5),
  });
  const ids = Array.from({ length: 5 }, () => newId());
  const play = (told: readonly OrderRecord[]) => {
    let statistics = noOrders(customerId);
    const known = new Map<string, OrderRecord>();
    for (const one of told) {
      const before = known.get(one.orderId);
      if (before && before.version >= one.version) continue;
      statistics = replaceOrder(statistics, before, one);
      known.set(one.orderId, one);
    }
    return statistics;
  };

  it("are those of the newest snapshots, in whatever order and however often they are told", () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 25 }), fc.nat(1_000_000), (records, seed) => {
        // One snapshot for each version; an order that was confirmed once stays so, and was placed once.
        const unique = [...new Map(records.map((one) => [`${one.order}:${one.version}`, one])).values()];
        const told = unique.map(
          ({ order, days: _, back, ...fields }): OrderRecord => ({
            ...fields,
            orderId: ids[order] ?? "",
            customerId,
            confirmed: true,
            returnedMinor: back,
            returned: back > 0n,
            placedAt: new Date(now.getTime() - order * 86_400_000),
          }),
        );
        const shuffled = told
          .concat(told)
          .map((one, at) => ({ one, key: (at * 7_919 + seed) % 1_009 }))
          .sort((a, b) => a.key - b.key)
          .map(({ one }) => one);
        const expected = play(told.toSorted((a, b) => Number(a.version - b.version)));
        expect(play(shuffled)).toEqual(expected);
        const newest = [
          ...new Map(told.toSorted((a, b) => Number(a.version - b.version)).map((one) => [one.orderId, one])).values(),
        ];
        expect(expected.orders).toBe(newest.filter(counts).length);
      }),
    );
  });
});

describe("segments", () => {
  const day = 86_400_000;
  const figures = (orders: number, spent: bigint, daysAgo?: number) => ({
    ...noOrders(customerId),
    orders,
    spent: { EUR: spent },
    lastOrderAt: daysAgo === undefined ? undefined : new Date(now.getTime() - daysAgo * day),
  });
  it.each([
    ["new", figures(0, 0n)],
    ["new", figures(1, 100n, 1)],
    ["regular", figures(2, 100n, 1)],
    ["loyal", figures(5, 100n, 180)],
    ["vip", figures(20, 100n, 1)],
    ["vip", figures(1, SEGMENT_RULES.vipFromSpentMinor, 1)],
    ["dormant", figures(50, 900_000n, 181)],
    ["dormant", figures(0, 0n, 181)],
  ])("%s", (segment, statistics) => {
    expect(segmentOf(statistics, now)).toBe(segment);
  });
});

describe("a customer", () => {
  const registration = { customerId, email: "Ada@Example.org", displayName: "Ada", locale: "", registeredAt: now };
  const ada = registerCustomer(registration, "new", now);
  const fields = { displayName: "Ada", phone: "", locale: "en", timeZone: "UTC" };

  it("changes on the version that was read, and a repeat is no change", () => {
    const after = updateProfile(ada, { ...fields, phone: "+441234567" }, 1n, now);
    expect(after).toMatchObject({ version: 2n, phone: "+441234567" });
    expect(updateProfile(after, { ...fields, phone: "+441234567" }, 1n, now)).toBe(after);
    expect(() => updateProfile(after, fields, 1n, now)).toThrow(
      expect.objectContaining({ code: "customer.version_conflict" }),
    );
    expect(() => updateProfile(ada, { ...fields, timeZone: "Mars/Olympus" }, 1n, now)).toThrow(
      expect.objectContaining({ code: "request.invalid" }),
    );
  });

  it("is forgotten once, with a confirmation in whatever capitals", () => {
    confirmErasure(ada, " ada@example.ORG ");
    const gone = eraseCustomer(ada, now);
    expect(gone).toMatchObject({ email: "", displayName: "", erasedAt: now, version: 2n });
    expect(eraseCustomer(gone, now)).toBe(gone);
    expect(moveToSegment(gone, "vip", now)).toBe(gone);
    confirmErasure(gone, "anything");
    expect(() => updateProfile(gone, fields, 2n, now)).toThrow(expect.objectContaining({ code: "customer.erased" }));
  });
});
