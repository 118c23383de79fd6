import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSettlementFile, SETTLEMENT_HEADER } from "../src/client/read-settlement-file.ts";
import { createSimulatedSettlementFiles } from "../src/client/simulated-settlement-files.ts";
import { type Harness, returned, startHarness, type TestOrder, testOrder, updated } from "./harness.ts";

let payment: Harness;
let staff: Record<string, string>;
let orders: TestOrder[];
/** The bank's books of today, as it would write them. */
let file: string;
const DAY_MS = 86_400_000;
const today = () => new Date().toISOString().slice(0, 10);

const bring = async (content: string, as = staff, day = today(), provider = "simulated") => {
  const body = { provider, day, content };
  return payment.http("/settlement-files", { method: "POST", headers: as, body });
};
const lines = () => file.trimEnd().split("\n").slice(1);
const changed = (...over: string[]) => [SETTLEMENT_HEADER, ...over, ""].join("\n");
const settled = async () => {
  const { rows } = await payment.database.query<{ data: string }>(
    "select data from tandem.outbox_event where topic = 'payment.settled' order by seq",
  );
  return rows.map(({ data }) => JSON.parse(data).settlement as Record<string, { amountMinor: string }>);
};

beforeAll(async () => {
  payment = await startHarness();
  staff = { ...(await payment.tokens.as("staff")) };
  orders = [testOrder(), testOrder(), testOrder()];
  for (const order of [...orders, testOrder("", "COD")]) {
    await payment.deliver(...updated(order, "STOCK_RESERVED"));
    await payment.until(order.orderId, "payment.authorized");
    await payment.deliver(...updated(order, "DELIVERED"));
    await payment.until(order.orderId, "payment.captured");
  }
  const [first] = orders;
  if (first) {
    await payment.deliver(...returned(first, newId(), 462n));
    await payment.until(first.orderId, "payment.refunded");
  }
  // In the middle of the day, so that this goes well at midnight, too.
  const noon = "date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' + interval '12 hours'";
  await payment.database.query(`update operation set finished_at = ${noon} where status = 'SUCCEEDED'`);
  await payment.database.query(`update provider_sim.operation set decided_at = ${noon}`);
  file = (await createSimulatedSettlementFiles(payment.database).fetch(today(), AbortSignal.timeout(5_000))) ?? "";
});
afterAll(() => payment[Symbol.asyncDispose]());

describe("a bank's day that differs", () => {
  it("is kept with every difference, and settles nothing", async () => {
    const [first = "", second = "", ...rest] = lines();
    expect(lines()).toHaveLength(4);
    const stranger = newId();
    const content = changed(
      first.replace(",6462,", ",6461,"),
      ...rest,
      `${stranger},ch_1,CAPTURE,EUR,100,1,${today()}T00:00:00Z`,
    );
    const { status, json } = await bring(content);
    expect(status).toBe(200);
    expect(json).toMatchObject({ status: "SETTLEMENT_FILE_STATUS_DIFFERS", lineCount: 4, settlementIds: [] });
    const kinds = json.differences.map(({ kind, operationId }: Record<string, string>) => [
      kind?.replace("SETTLEMENT_DIFFERENCE_KIND_", ""),
      operationId,
    ]);
    expect(kinds).toEqual([
      ["OTHER_AMOUNT", first.slice(0, 36)],
      ["MISSING_WITH_US", stranger],
      ["MISSING_AT_BANK", second.slice(0, 36)],
    ]);
    expect(json.differences[0]).toMatchObject({
      paymentId: expect.any(String),
      ours: { amountMinor: "6462" },
      theirs: { amountMinor: "6461" },
    });
    expect(await settled()).toEqual([]);
    expect(await payment.http(`/settlement-files/${json.fileId}`, { headers: staff })).toMatchObject({ json });
    const open = await payment.http("/settlement-files?status=SETTLEMENT_FILE_STATUS_DIFFERS", { headers: staff });
    expect(open.json.files).toHaveLength(1);
  });

  it("names a capture that the bank calls a refund", async () => {
    const [first = "", ...rest] = lines();
    const { json } = await bring(changed(first.replace(",CAPTURE,", ",REFUND,"), ...rest));
    expect(json.differences).toMatchObject([{ kind: "SETTLEMENT_DIFFERENCE_KIND_OTHER_KIND" }]);
  });
});

describe("a file that cannot be read", () => {
  const at = `${today()}T00:00:00Z`;
  const good = () => `${newId()},ch_1,CAPTURE,EUR,100,1,${at}`;
  it("is refused, each wrong line by its number, and changes nothing", async () => {
    const twice = good();
    const content = changed(
      good(),
      "nonsense",
      `x,ch_1,CAPTURE,EUR,100,1,${at}`,
      `${newId()},ch_1,STOLEN,EUR,100,1,${at}`,
      `${newId()},ch_1,CAPTURE,euro,100,1,${at}`,
      `${newId()},ch_1,CAPTURE,EUR,-100,1,${at}`,
      `${newId()},ch_1,CAPTURE,EUR,1.5,1,${at}`,
      `${newId()},ch_1,CAPTURE,EUR,99999999999999999999,1,${at}`,
      `${newId()},ch_1,CAPTURE,EUR,100,,${at}`,
      `${newId()},ch_1,CAPTURE,EUR,100,1,yesterday`,
      `${newId()},ch_1,CAPTURE,EUR,100,1,2020-01-01T00:00:00Z`,
      twice,
      twice,
      "",
      good(),
    );
    const count = async () => (await payment.database.query("select 1 from settlement_file_line")).rows.length;
    const before = await count();
    const { status, json } = await bring(content);
    expect(status).toBe(400);
    expect(json).toMatchObject({ error: "payment.settlement_file_invalid" });
    expect(json.details.map(({ field, rule }: Record<string, string>) => `${field}: ${rule}`)).toEqual([
      "line 3: columns",
      "line 4, operation_id: uuid",
      "line 5, kind: in",
      "line 6, currency: iso_4217",
      "line 7, amount_minor: whole",
      "line 8, amount_minor: whole",
      "line 9, amount_minor: whole",
      "line 10, fee_minor: whole",
      "line 11, booked_at: time",
      "line 12, booked_at: day",
      "line 14, operation_id: unique",
      "line 15: columns",
    ]);
    expect(await count()).toBe(before);
  });

  it("names a hundred wrong lines at most, and a header that is none", () => {
    const many = changed(...Array.from({ length: 500 }, () => "x"));
    expect(() => readSettlementFile(many, today())).toThrowError(
      expect.objectContaining({ details: expect.objectContaining({ length: 100 }) }),
    );
    expect(() => readSettlementFile("a,b\n", today())).toThrowError(
      expect.objectContaining({ details: [expect.objectContaining({ field: "line 1" })] }),
    );
    expect(readSettlementFile(`\uFEFF${SETTLEMENT_HEADER}\r\n`, today())).toEqual([]);
  });

  it.each([
    ["no day", { day: "" }],
    ["a day that is none", { day: "2026-13-01" }],
    ["nothing in it", { content: "" }],
    ["a field that nobody knows", { force: true }],
  ])("%s", async (_what, over) => {
    const body = { provider: "simulated", day: today(), content: file, ...over };
    expect((await payment.http("/settlement-files", { method: "POST", headers: staff, body })).status).toBe(400);
  });

  it("comes from a bank that we have, and from staff", async () => {
    expect(await bring(file, staff, today(), "piggybank")).toMatchObject({
      status: 404,
      json: { error: "payment.provider_unknown" },
    });
    for (const as of [
      await payment.tokens.as("operator"),
      await payment.tokens.customer(),
      await payment.tokens.seller(),
      await payment.tokens.service("order"),
    ])
      expect((await bring(file, { ...as })).status).toBe(403);
    expect((await bring(file, {})).status).toBe(401);
    const path = `/settlement-files/${newId()}`;
    expect(await payment.http(path, { headers: staff })).toMatchObject({ status: 404 });
    expect(
      (await payment.http("/settlement-files", { headers: { ...(await payment.tokens.customer()) } })).status,
    ).toBe(403);
  });
});

describe("a bank's day that agrees", () => {
  it("is settled once, by two at a time or again, with the bank's own fee, and replaces the report that differed", async () => {
    const [one, two] = await Promise.all([bring(file), bring(file)]);
    expect([one.status, two.status]).toEqual([200, 200]);
    expect(one.json).toMatchObject({ status: "SETTLEMENT_FILE_STATUS_AGREES", lineCount: 4, differences: [] });
    expect(two.json.settlementIds).toEqual(one.json.settlementIds);
    expect((await bring(file)).json).toEqual(one.json);
    // 1.4 % of 6462, three times.
    expect(await settled()).toMatchObject([
      {
        gross: { amountMinor: "19386" },
        refunded: { amountMinor: "462" },
        fee: { amountMinor: "270" },
        net: { amountMinor: "18654" },
        paymentCount: 3,
      },
    ]);
    const { rows } = await payment.database.query("select 1 from payment where settlement_id is not null");
    expect(rows).toHaveLength(3);
    expect((await payment.http("/settlement-files", { headers: staff })).json.files).toHaveLength(1);
  });

  it("is not settled a second time by another file", async () => {
    const [, ...rest] = lines();
    expect(await bring(changed(...rest))).toMatchObject({
      status: 409,
      json: { error: "payment.settlement_file_settled" },
    });
    expect(await settled()).toHaveLength(1);
  });

  it("may not be told of again in the next day's file", async () => {
    const tomorrow = new Date(Date.now() + DAY_MS).toISOString().slice(0, 10);
    const [first = ""] = lines();
    const { json } = await bring(changed(first.replace(today(), tomorrow)), staff, tomorrow);
    expect(json.differences).toMatchObject([{ kind: "SETTLEMENT_DIFFERENCE_KIND_NAMED_TWICE" }]);
    expect(await settled()).toHaveLength(1);
  });
});

it("the job fetches the days of the week that are not settled yet, and settles what agrees", async () => {
  await using other = await startHarness();
  const order = testOrder();
  await other.deliver(...updated(order, "STOCK_RESERVED"));
  await other.until(order.orderId, "payment.authorized");
  await other.deliver(...updated(order, "SHIPPED"));
  await other.until(order.orderId, "payment.captured");
  const tomorrow = new Date(Date.now() + DAY_MS);
  const nothing = { differing: 0, missing: 0, unreadable: 0, differences: 0 };
  expect(await other.runJob("payment.settlement", tomorrow)).toEqual({ settled: 7, ...nothing });
  expect(await other.runJob("payment.settlement", tomorrow)).toEqual({ settled: 0, ...nothing });
  // Two days later the bank has booked something that we do not know.
  await other.database.query(
    `insert into provider_sim.operation (operation_id, kind, charge_id, currency, amount_minor, status, decided_at)
     values ($1, 'CAPTURE', 'ch_x', 'EUR', 5, 'SUCCEEDED', now() + interval '1 day')`,
    [newId()],
  );
  const later = new Date(Date.now() + 2 * DAY_MS);
  for (const _ of [1, 2])
    expect(await other.runJob("payment.settlement", later)).toMatchObject({ settled: 0, differing: 1, differences: 1 });
});
