import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { LoginFailedSchema, SessionEnd, SessionRevokedSchema } from "@tandem/contracts/auth";
import { AuditRecordedSchema } from "@tandem/contracts/common-operations";
import { CustomerChange, CustomerUpdatedSchema } from "@tandem/contracts/customer";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./harness.ts";

let operations: Harness;
let staff: { readonly authorization: string };
let service: { readonly authorization: string };
beforeAll(async () => {
  operations = await startHarness();
  staff = await operations.tokens.as("staff");
  service = await operations.tokens.service("gateway");
});
afterAll(() => operations[Symbol.asyncDispose]());

const occurredAt = timestampFromDate(new Date("2026-11-21T09:00:00Z"));
const told = (over: object = {}, id = newId()) =>
  operations.deliver(
    AuditRecordedSchema,
    {
      entryId: newId(),
      aggregateVersion: 1n,
      occurredAt,
      actor: "ada",
      action: "dead-letter.replay",
      context: "order",
      targetKind: "dead-letter",
      target: "d-1",
      ...over,
    },
    id,
  );
const list = async (query = "") =>
  (await operations.http(`/audit/entries${query}`, { as: staff })).json.data.entries ?? [];
const verify = async (query = "") => (await operations.http(`/audit/verification${query}`, { as: staff })).json.data;

describe("the audit trail", () => {
  it("records what services tell of, once, and finds it by who, what, where and when", async () => {
    const [id, entryId, actor] = [newId(), newId(), newId()];
    for (let n = 0; n < 3; n += 1)
      expect(await told({ entryId, actor, details: '{"note":"x","password":"hunter2"}' }, id)).toBe("ack");
    await told({ entryId, actor }); // another event about the same entry
    await told({ actor, action: "job.run", target: "order.saga-timeout" });
    const [, entry] = await list(`?actor=${actor}`);
    expect(await list(`?actor=${actor}`)).toHaveLength(2);
    expect(entry).toMatchObject({ actor, action: "dead-letter.replay", context: "order", target: "d-1" });
    expect(entry.details).toBe('{"note":"x","password":"[masked]"}');
    expect(entry.hash).toMatch(/^[0-9a-f]{64}$/);
    for (const filter of ["action=job.", "target=order.saga-timeout", "action=job.run", "context=order&action=job.run"])
      expect(await list(`?actor=${actor}&${filter}`), filter).toHaveLength(1);
    expect(await list(`?actor=${actor}&from=2026-11-21T09:00:01Z`)).toHaveLength(0);
    expect(await list(`?actor=${actor}&until=2026-11-21T09:00:01Z`)).toHaveLength(2);
    expect((await list(`?actor=${actor}&page.limit=1&page.offset=1`))[0].entryId).toBe(entryId);
  });

  it("keeps the chain when many tell at once", async () => {
    const actor = newId();
    const outcomes = await Promise.all(Array.from({ length: 25 }, () => told({ actor })));
    expect(outcomes.every((outcome) => outcome === "ack")).toBe(true);
    const numbers: number[] = [];
    let cursor = "";
    do {
      const { json } = await operations.http(
        `/audit/entries?actor=${actor}&page.limit=10${cursor && `&page.cursor=${cursor}`}`,
        { as: staff },
      );
      numbers.push(...json.data.entries.map(({ number }: { number: string }) => Number(number)));
      cursor = json.data.page?.nextCursor ?? "";
    } while (cursor);
    expect(new Set(numbers).size).toBe(25);
    expect(await verify()).toMatchObject({ intact: true });
  });

  it("hears of locked accounts, ended sessions and erasures, and of nothing else there", async () => {
    const [userId, sessionId, customerId] = [newId(), newId(), newId()];
    const login = { userId, aggregateVersion: 1n, occurredAt, failedAttempts: 5 };
    await operations.deliver(LoginFailedSchema, login);
    await operations.deliver(LoginFailedSchema, { ...login, lockedUntil: occurredAt });
    await operations.deliver(SessionRevokedSchema, {
      sessionId,
      userId,
      aggregateVersion: 1n,
      occurredAt,
      reason: SessionEnd.TOKEN_REUSED,
    });
    const customer = { customerId, aggregateVersion: 1n, occurredAt };
    await operations.deliver(CustomerUpdatedSchema, customer);
    await operations.deliver(CustomerUpdatedSchema, { ...customer, change: CustomerChange.ERASED });
    expect(await list(`?target=${userId}`)).toMatchObject([{ action: "account.lock", actor: "anonymous" }]);
    expect(await list(`?target=${sessionId}`)).toMatchObject([
      { action: "session.end", details: '{"reason":"token-reused"}' },
    ]);
    expect(await list(`?target=${customerId}`)).toMatchObject([{ action: "customer.erase" }]);
  });

  it("buries what does not say who did what", async () => {
    const before = await list();
    for (const over of [{ actor: "" }, { action: "" }, { details: "no json" }, { details: "7" }]) {
      const entryId = newId();
      expect(await told({ ...over, entryId })).toBe("ack");
      expect(await operations.deadLetters(entryId)).toEqual(["common-operations.on-audit-recorded"]);
    }
    expect(await list()).toEqual(before);
  });

  it("can be added to by services, and by nobody else", async () => {
    const entry = {
      entryId: newId(),
      occurredAt: "2026-11-21T09:00:00Z",
      actor: "service:order",
      action: "order.purge",
      context: "order",
      details: '{"count":3}',
    };
    const record = (body: object, as = service) => operations.http("/audit/entries", { method: "POST", as, body });
    const first = await record(entry);
    expect(first).toMatchObject({ status: 200, json: { data: { action: "order.purge" } } });
    expect((await record(entry)).json.data.number).toBe(first.json.data.number);
    const before = await operations.fingerprint();
    expect((await record({ ...entry, entryId: newId() }, staff)).status).toBe(403);
    const bad = [
      { details: "[]" },
      { details: "x" },
      { action: "Purge" },
      { entryId: "x" },
      { actor: "" },
      { nope: 1 },
    ];
    for (const over of bad) expect((await record({ ...entry, entryId: newId(), ...over })).status).toBe(400);
    for (const query of ["?page.cursor=x", "?page.limit=-1", "?from=yesterday"])
      expect((await operations.http(`/audit/entries${query}`, { as: staff })).status, query).toBe(400);
    expect((await operations.http("/audit/entries", { as: await operations.tokens.customer() })).status).toBe(403);
    expect(await operations.fingerprint()).toEqual(before);
  });
});

describe("an audit entry", () => {
  const tamper = async (statement: string) => {
    await operations.database.query("alter table audit_entry disable trigger user");
    await operations.database.query(statement);
    await operations.database.query("alter table audit_entry enable trigger user");
  };

  it("is never changed or removed", async () => {
    await told();
    for (const statement of ["update audit_entry set actor = 'eve'", "delete from audit_entry", "truncate audit_entry"])
      await expect(operations.database.query(statement)).rejects.toThrow();
  });

  it("that was changed or removed all the same is found by its hash", async () => {
    const { lastNumber } = await verify();
    const last = Number(lastNumber);
    expect(await verify(`?fromNumber=${last - 2}`)).toMatchObject({ intact: true, checked: "3" });
    await tamper(`update audit_entry set actor = 'eve' where number = ${last - 1}`);
    expect(await verify()).toMatchObject({
      brokenNumber: String(last - 1),
      fault: "hash",
      lastNumber: String(last - 2),
    });
    // Who counts on the hash of the changed one alone sees nothing wrong after it.
    expect(await verify(`?fromNumber=${last}`)).toMatchObject({ intact: true, checked: "1" });
    await tamper(`delete from audit_entry where number = ${last - 1}`);
    expect(await verify()).toMatchObject({ brokenNumber: String(last - 1), fault: "gap" });
    expect(await verify(`?fromNumber=${last}`)).toMatchObject({ brokenNumber: String(last - 1), fault: "gap" });
    expect(await verify(`?limit=2`)).toMatchObject({ intact: true, checked: "2" });
  });

  it("is looked for as far as a number is exact, and no further", async () => {
    const most = Number.MAX_SAFE_INTEGER;
    expect(await verify(`?fromNumber=${most}`)).toMatchObject({ brokenNumber: String(most - 1), fault: "gap" });
    for (const beyond of ["9007199254740992", "9223372036854775807"]) {
      const refused = await operations.http(`/audit/verification?fromNumber=${beyond}`, { as: staff });
      expect(refused).toMatchObject({ status: 400, json: { error: "request.invalid" } });
    }
  });
});
