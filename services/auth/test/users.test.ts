import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./harness.ts";
import { newEmail, PASSWORD, peopleOf } from "./people.ts";

let auth: Harness;
let people: ReturnType<typeof peopleOf>;
let staff: { readonly authorization: string };
beforeAll(async () => {
  auth = await startHarness();
  people = peopleOf(auth);
  staff = await auth.tokens.as("staff");
});
afterAll(() => auth[Symbol.asyncDispose]());

const createUser = (over: object, as = staff) =>
  people.post("/users", { email: newEmail(), password: PASSWORD, displayName: "Bo", roles: ["customer"], ...over }, as);
const assign = (userId: string, body: object, as = staff) =>
  auth.http(`/users/${userId}/roles`, { method: "PUT", body, as });

describe("the staff", () => {
  it("makes sellers' people, who log in with their seller's id", async () => {
    const [email, sellerId] = [newEmail(), newId()];
    const { json } = await createUser({ email, roles: ["seller"], sellerId });
    expect(json.data).toMatchObject({ email, roles: ["seller"], sellerId, customerId: "", locale: "en" });
    const { tokens } = await people.session(email);
    const principal = await people.authenticate(tokens.accessToken);
    expect(principal).toMatchObject({ subject: json.data.userId, roles: ["seller"], sellerId });
    expect(principal.customerId).toBeUndefined();
    expect(await auth.events(json.data.userId)).toMatchObject([
      { topic: "auth.user_registered", data: { sellerId, roles: ["seller"] } },
      { topic: "auth.verification_requested" },
    ]);
  });

  it("is told that an address is taken, as customers are not", async () => {
    const { email } = await people.newcomer();
    expect(await createUser({ email: email.toUpperCase() })).toMatchObject({
      status: 409,
      json: { error: "auth.email_taken" },
    });
  });

  it("finds users by address, role and seller, page by page", async () => {
    const sellerId = newId();
    const emails = [newEmail(), newEmail(), newEmail()];
    for (const email of emails) await createUser({ email, roles: ["seller"], sellerId });
    const found = async (query: string) => (await auth.http(`/users?${query}`, { as: staff })).json.data;
    const emailsOf = (list: { users: { email: string }[] }) => list.users.map(({ email }) => email);
    expect(emailsOf(await found(`sellerId=${sellerId}`))).toEqual([...emails].reverse());
    expect(emailsOf(await found(`email=${emails[1]?.toUpperCase()}`))).toEqual([emails[1]]);
    expect((await found("email=nobody")).users).toEqual([]);
    expect(emailsOf(await found("role=operator"))).toEqual(["root@tandem.test"]);
    const first = await found(`sellerId=${sellerId}&page.limit=2`);
    const rest = await found(
      `sellerId=${sellerId}&page.limit=2&page.cursor=${encodeURIComponent(first.page.nextCursor)}`,
    );
    expect([...emailsOf(first), ...emailsOf(rest)]).toEqual([...emails].reverse());
    expect((await found(`sellerId=${sellerId}&page.offset=1`)).page.total).toBe("3");
  });

  it("assigns roles, which the next refresh brings", async () => {
    const person = await people.newcomer();
    const sellerId = newId();
    expect((await assign(person.userId, { roles: ["customer", "seller"], sellerId })).json.data).toMatchObject({
      roles: ["customer", "seller"],
      sellerId,
      customerId: person.userId,
    });
    const { json } = await people.refresh(person.tokens.refreshToken);
    expect(await people.authenticate(json.data.tokens.accessToken)).toMatchObject({
      roles: ["customer", "seller"],
      sellerId,
      customerId: person.userId,
    });
    expect((await assign(person.userId, { roles: ["customer"] })).json.data).toMatchObject({
      roles: ["customer"],
      sellerId: "",
    });
  });

  it("gives no role that it does not hold, and nobody their own", async () => {
    const person = await people.newcomer();
    const both = {
      authorization: `Bearer ${await auth.tokens.mint({ subject: newId(), roles: ["staff", "operator"] })}`,
    };
    const refused = { status: 403, json: { error: "auth.role_not_grantable" } };
    const before = await auth.fingerprint();
    expect(await assign(person.userId, { roles: ["operator"] })).toMatchObject(refused);
    expect(await createUser({ roles: ["operator"] })).toMatchObject(refused);
    expect(await assign(person.userId, { roles: ["staff"] }, await people.as(person, ["staff"]))).toMatchObject(
      refused,
    );
    expect(await auth.fingerprint()).toEqual(before);
    expect((await assign(person.userId, { roles: ["staff", "operator"] }, both)).status).toBe(200);
    expect(await assign(person.userId, { roles: ["customer"] })).toMatchObject(refused);
    expect((await assign(person.userId, { roles: ["customer"] }, both)).status).toBe(200);
  });

  it.each([
    ["POST", "/users", { email: "x@example.com", password: PASSWORD, roles: ["service"] }, 400],
    ["POST", "/users", { email: "x@example.com", password: PASSWORD, roles: [] }, 400],
    ["POST", "/users", { email: "x@example.com", password: PASSWORD, roles: ["customer", "customer"] }, 400],
    ["POST", "/users", { email: "x@example.com", password: PASSWORD, roles: ["seller"] }, 400],
    ["POST", "/users", { email: "x@example.com", password: PASSWORD, roles: ["customer"], sellerId: newId() }, 400],
    ["POST", "/users", { email: "x@example.com", password: "short", roles: ["customer"] }, 400],
    ["PUT", "/users/none/roles", { roles: ["customer"] }, 400],
    ["PUT", `/users/${newId()}/roles`, { roles: ["customer"] }, 404],
    ["PUT", `/users/${newId()}/roles`, { roles: ["root"] }, 400],
    ["POST", `/users/${newId()}/unlock`, {}, 404],
    ["GET", `/users/${newId()}`, undefined, 404],
    ["GET", "/users/none", undefined, 400],
    ["GET", "/users?role=root", undefined, 400],
    ["GET", "/users?page.limit=-1", undefined, 400],
    ["GET", "/users?page.cursor=garbage", undefined, 400],
  ])("is refused %s %s %j with %i, and nothing changes", async (method, path, body, status) => {
    const before = await auth.fingerprint();
    expect((await auth.http(path, { method, as: staff, ...(body ? { body } : {}) })).status).toBe(status);
    expect(await auth.fingerprint()).toEqual(before);
  });

  it("is who may do this: nobody else", async () => {
    const person = await people.newcomer();
    const before = await auth.fingerprint();
    const calls = [
      ["POST", "/users", { email: newEmail(), password: PASSWORD, roles: ["customer"] }],
      ["GET", "/users", undefined],
      ["GET", `/users/${person.userId}`, undefined],
      ["PUT", `/users/${person.userId}/roles`, { roles: ["staff"] }],
      ["POST", `/users/${person.userId}/unlock`, {}],
    ] as const;
    for (const [method, path, body] of calls) {
      const call = (as?: { authorization: string }) =>
        auth.http(path, { method, ...(body ? { body } : {}), ...(as ? { as } : {}) });
      expect((await call()).status).toBe(401);
      expect((await call(await people.as(person))).status).toBe(403);
      expect((await call(await auth.tokens.seller())).status).toBe(403);
      expect((await call(await auth.tokens.service("order"))).status).toBe(403);
    }
    expect(await auth.fingerprint()).toEqual(before);
  });
});

describe("the first operator", () => {
  it("is there from the start, and may raise others", async () => {
    const { json } = await people.logIn("root@tandem.test", "first operator's words");
    expect(json.data.user).toMatchObject({ roles: ["staff", "operator"], customerId: "" });
  });
});
