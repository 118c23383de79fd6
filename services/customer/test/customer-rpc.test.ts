import { UserRegisteredSchema } from "@tandem/contracts/auth";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeAddressReader } from "../src/data/address-repository.ts";
import { type Harness, startHarness } from "./harness.ts";

let customer: Harness;
let staff: { readonly authorization: string };
beforeAll(async () => {
  customer = await startHarness();
  staff = await customer.tokens.as("staff");
});
afterAll(() => customer[Symbol.asyncDispose]());

const address = {
  recipient: "Ada Byron",
  line1: "12 St James's Square",
  postalCode: "SW1Y 4JH",
  city: "London",
  countryCode: "GB",
};
const registered = async (email?: string) => {
  const customerId = newId();
  const init = { userId: customerId, customerId, aggregateVersion: 1n, occurredAt: { seconds: 1n, nanos: 0 } };
  const who = { email: email ?? `${customerId.slice(-12)}@example.org`, displayName: "Ada", locale: "en" };
  await customer.deliver(UserRegisteredSchema, { ...init, ...who });
  return { customerId, own: await customer.tokens.customer(customerId) };
};
const send = (method: string, path: string, body: unknown, as = staff) =>
  customer.http(path, { method, as, ...(body === undefined ? {} : { body }) });
const add = (customerId: string, as = staff, over: object = {}) =>
  send("POST", `/customers/${customerId}/addresses`, { address, ...over }, as);
const addressesOf = async (customerId: string) =>
  ((await customer.http(`/customers/${customerId}/addresses`, { as: staff })).json.data.addresses ?? []) as {
    addressId: string;
    isDefault?: boolean;
    label: string;
  }[];

describe("profiles", () => {
  it("are changed by their owner on the version that was read", async () => {
    const { customerId, own } = await registered();
    const body = { displayName: "Ada L.", phone: "+4930123456", locale: "de-DE", timeZone: "Europe/Berlin" };
    const put = (version: string, over: object = {}) =>
      send("PUT", `/customers/${customerId}`, { ...body, version, ...over }, own);
    expect(await put("1")).toMatchObject({
      status: 200,
      json: { data: { version: "2", displayName: "Ada L.", timeZone: "Europe/Berlin" } },
    });
    expect((await put("1")).status).toBe(200);
    expect(await put("1", { phone: "" })).toMatchObject({ status: 409, json: { error: "customer.version_conflict" } });
    expect(await put("2", { timeZone: "Mars/Olympus" })).toMatchObject({ status: 400 });
    expect((await customer.events(customerId)).map(({ data }) => data["change"])).toEqual([
      "CUSTOMER_CHANGE_CREATED",
      "CUSTOMER_CHANGE_PROFILE",
    ]);
  });

  it("are listed by staff: by segment, by how the address begins, page by page", async () => {
    const mark = `list${newId().slice(-8)}`;
    for (const n of [1, 2, 3]) await registered(`${mark}.${n}@Example.org`);
    await registered(`${mark}x4@example.org`);
    const page = async (query: string) => (await customer.http(`/customers?${query}`, { as: staff })).json.data;
    const first = await page(`emailPrefix=${mark.toUpperCase()}.&segment=new&page.limit=2`);
    expect(first.customers).toHaveLength(2);
    const second = await page(
      `emailPrefix=${mark.toUpperCase()}.&segment=new&page.limit=2&page.cursor=${first.page.nextCursor}`,
    );
    expect(second.customers.map(({ email }: { email: string }) => email)).toEqual([`${mark}.1@Example.org`]);
    expect(await page(`emailPrefix=${mark}.&page.offset=1`)).toMatchObject({ page: { total: "3" } });
    for (const none of ["%25", `${mark}_`, "\\"])
      expect((await page(`emailPrefix=${encodeURIComponent(none).replace("%2525", "%25")}`)).customers).toEqual([]);
  });
});

describe("addresses", () => {
  it("have one default: the first, the one that was made it, or the newest that is left", async () => {
    const { customerId, own } = await registered();
    const [a, b, c] = [
      (await add(customerId, own, { label: "a" })).json.data,
      (await add(customerId, own, { label: "b", makeDefault: true })).json.data,
      (await add(customerId, own, { label: "c" })).json.data,
    ];
    expect((await addressesOf(customerId)).map(({ label, isDefault }) => [label, isDefault])).toEqual([
      ["b", true],
      ["c", false],
      ["a", false],
    ]);
    const path = (id: string) => `/customers/${customerId}/addresses/${id}`;
    expect((await send("POST", `${path(a.addressId)}/default`, {}, own)).json.data).toMatchObject({ isDefault: true });
    expect((await send("POST", `${path(a.addressId)}/default`, {}, own)).status).toBe(200);
    const changed = await send("PUT", path(b.addressId), { label: "b2", address: { ...address, city: "Bath" } }, own);
    expect(changed.json.data).toMatchObject({ label: "b2", isDefault: false, address: { city: "Bath" } });
    expect((await send("DELETE", path(a.addressId), undefined, own)).status).toBe(200);
    expect((await send("DELETE", path(a.addressId), undefined, own)).status).toBe(200);
    expect(await addressesOf(customerId)).toMatchObject([{ addressId: c.addressId, isDefault: true }, { label: "b2" }]);
    const events = await customer.events(customerId);
    expect(events).toHaveLength(7);
    expect(events.at(-1)?.data["customer"]).toMatchObject({ defaultAddress: { city: "London" } });
    const reader = makeAddressReader(customer.database.orm);
    expect(await reader.listByCustomerId(customerId)).toHaveLength(2);
  });

  it("are twenty at most and have one default, also when all come at once", async () => {
    const { customerId } = await registered();
    const answers = await Promise.all(
      Array.from({ length: 25 }, (_, n) => add(customerId, staff, { makeDefault: n % 3 === 0 })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20);
    expect(answers.find(({ status }) => status !== 200)).toMatchObject({
      status: 409,
      json: { error: "customer.address_limit" },
    });
    const book = await addressesOf(customerId);
    expect(book.filter(({ isDefault }) => isDefault)).toHaveLength(1);
  });

  it("cannot have two defaults even when the code is wrong: the database refuses", async () => {
    const { customerId } = await registered();
    for (const _ of [1, 2]) await add(customerId);
    await expect(
      customer.database.query("update address set is_default = true where customer_id = $1", [customerId]),
    ).rejects.toThrow(/address_one_default/);
  });
});

describe("other people's", () => {
  it("profiles, addresses, figures and exports answer like unknown ones, and stay as they are", async () => {
    const { customerId } = await registered();
    await add(customerId);
    const [{ addressId } = { addressId: "" }] = await addressesOf(customerId);
    const stranger = await customer.tokens.customer();
    const seller = await customer.tokens.seller();
    const before = await customer.fingerprint();
    const calls = (id: string): [string, string, unknown?][] => [
      ["GET", `/customers/${id}`],
      ["PUT", `/customers/${id}`, { version: "1", displayName: "X" }],
      ["GET", `/customers/${id}/addresses`],
      ["POST", `/customers/${id}/addresses`, { address }],
      ["PUT", `/customers/${id}/addresses/${addressId}`, { address }],
      ["DELETE", `/customers/${id}/addresses/${addressId}`],
      ["POST", `/customers/${id}/addresses/${addressId}/default`, {}],
      ["GET", `/customers/${id}/statistics`],
      ["GET", `/customers/${id}/export`],
      ["POST", `/customers/${id}/erase`, { confirmEmail: "x@example.org" }],
    ];
    for (const id of [customerId, newId()])
      for (const [method, path, body] of calls(id)) {
        expect(await send(method, path, body, stranger)).toMatchObject({
          status: 404,
          json: { error: "customer.not_found" },
        });
        expect((await send(method, path, body, seller)).status).toBe(403);
        expect((await customer.http(path, { method, ...(body === undefined ? {} : { body }) })).status).toBe(401);
      }
    expect((await customer.http("/customers", { as: stranger })).status).toBe(403);
    expect((await customer.http("/customers/me", { as: stranger })).status).toBe(404);
    expect((await customer.http("/customers/me", { as: staff })).status).toBe(404);
    expect(await customer.fingerprint()).toEqual(before);
  });

  it("addresses are not reached through one's own id", async () => {
    const [mine, theirs] = [await registered(), await registered()];
    await add(theirs.customerId);
    const [{ addressId } = { addressId: "" }] = await addressesOf(theirs.customerId);
    const before = await customer.fingerprint();
    const path = `/customers/${mine.customerId}/addresses/${addressId}`;
    expect((await send("PUT", path, { address }, mine.own)).status).toBe(404);
    expect((await send("POST", `${path}/default`, {}, mine.own)).status).toBe(404);
    expect((await send("DELETE", path, undefined, mine.own)).status).toBe(200);
    expect(await customer.fingerprint()).toEqual(before);
  });

  it("operators read and change nothing", async () => {
    const { customerId } = await registered();
    const operator = await customer.tokens.as("operator");
    expect((await customer.http(`/customers/${customerId}`, { as: operator })).status).toBe(200);
    expect((await add(customerId, operator)).status).toBe(403);
    expect((await send("POST", `/customers/${customerId}/erase`, {}, operator)).status).toBe(403);
    expect((await customer.http(`/customers/${customerId}/export`, { as: operator })).status).toBe(403);
  });
});

describe("what is refused, changing nothing", () => {
  it.each([
    ["an address without a city", { address: { ...address, city: "" } }],
    ["a country that is none", { address: { ...address, countryCode: "Britain" } }],
    ["a phone that is none", { address: { ...address, phone: "call me" } }],
    ["a label beyond measure", { address, label: "l".repeat(61) }],
    ["a line beyond measure", { address: { ...address, line1: "l".repeat(201) } }],
    ["a character that no database stores", { address: { ...address, city: "a\u0000" } }],
    ["no address", { address: undefined }],
    ["a field that nobody knows", { isDefault: true }],
    ["an address that is a list", { address: [] }],
  ])("%s", async (_what, over) => {
    const { customerId, own } = await registered();
    const before = await customer.fingerprint();
    const answer = await add(customerId, own, over);
    expect(answer).toMatchObject({ status: 400, json: { message: expect.any(String) } });
    expect(answer.text).not.toMatch(/at \S+ \(|node_modules|select |insert /);
    expect(await customer.fingerprint()).toEqual(before);
  });

  it.each([
    ["no name", { displayName: "" }],
    ["a name beyond measure", { displayName: "n".repeat(121) }],
    ["a phone that is none", { phone: "030 1234" }],
    ["a language that is none", { locale: "deutsch!" }],
    ["a zone that is none", { timeZone: "'; drop table customer" }],
    ["no version", { version: "0" }],
    ["a negative version", { version: "-1" }],
    ["an e-mail address: it belongs to the login", { email: "x@example.org" }],
  ])("%s", async (_what, over) => {
    const { customerId, own } = await registered();
    const before = await customer.fingerprint();
    const answer = await send("PUT", `/customers/${customerId}`, { version: "1", displayName: "Ada", ...over }, own);
    expect(answer).toMatchObject({ status: 400, json: { message: expect.any(String) } });
    expect(await customer.fingerprint()).toEqual(before);
  });

  it.each([
    "/customers?segment=golden",
    "/customers?page.cursor=x",
    "/customers?page.limit=201",
    "/customers?page.limit=-1",
    `/customers?emailPrefix=${"a".repeat(255)}`,
    "/customers?emailPrefix=%00",
    "/customers?where=1",
    "/customers/1%27",
    "/customers/x/export",
    "/customers/x/addresses",
  ])("%s", async (path) => {
    expect(await customer.http(path, { as: staff })).toMatchObject({
      status: 400,
      json: { message: expect.any(String) },
    });
  });

  it("old and forged tokens", async () => {
    const { customerId } = await registered();
    const claims = { subject: customerId, roles: ["customer" as const], customerId };
    for (const token of [await customer.tokens.expired(claims), await customer.tokens.forged(claims)]) {
      const as = { authorization: `Bearer ${token}` };
      expect((await customer.http("/customers/me", { as })).status).toBe(401);
    }
  });
});
