import { describe, expect, it } from "vitest";
import { down, ID, useGateway } from "./ask-gateway.ts";
import { answerJson } from "./harness.ts";

const { bearer, gateway, get } = useGateway({ SHARED_ANSWER_MS: "60000" });

/** Every test asks for something of its own: what an earlier one asked for may still be kept. */
let turn = 0;
const somePage = () => {
  turn += 1;
  return `/listings?page.limit=${turn}`;
};

/** The context answers with how often it was asked so far. */
const countAnswers = () => {
  let asked = 0;
  gateway().answerWith((_request, response) => {
    asked += 1;
    answerJson(response, 200, { asked }, { "set-cookie": "who=first", "x-correlation-id": "of-the-first" });
  });
};

describe("a public read that is the same for all", () => {
  it("reaches the context once for all who ask at the same time, and each has its own trace and correlation id", async () => {
    const gate = Promise.withResolvers<void>();
    gateway().answerWith(async (_request, response) => {
      await gate.promise;
      answerJson(response, 200, { one: "answer" });
    });
    const path = somePage();
    const first = get(path);
    await expect.poll(() => gateway().seen.length, { timeout: 20_000 }).toBe(1);
    const others = Array.from({ length: 20 }, () => get(path));
    // They are in the door when it answers somebody who came after them.
    await get("/livez");
    gate.resolve();
    const answers = await Promise.all([first, ...others]);
    expect(gateway().seen).toHaveLength(1);
    expect(answers.map(({ status, body }) => ({ status, body }))).toEqual(
      answers.map(() => ({ status: 200, body: { one: "answer" } })),
    );
    for (const header of ["x-correlation-id", "x-trace-id"])
      expect(new Set(answers.map(({ headers }) => headers.get(header))).size).toBe(answers.length);
  });

  it("is answered from the last answer for a moment, without the headers that were the first caller's", async () => {
    countAnswers();
    const path = somePage();
    await get(path);
    const again = await get(path);
    expect(again.body).toEqual({ asked: 1 });
    expect(again.headers.get("content-type")).toBe("application/json");
    expect(again.headers.get("set-cookie")).toBeNull();
    expect(again.headers.get("x-correlation-id")).not.toBe("of-the-first");
  });

  it("of Connect is shared by its body", async () => {
    countAnswers();
    const ask = async (limit: number) => {
      const answer = await fetch(`${gateway().url}/tandem.catalog.v1.CatalogService/ListListings`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ page: { limit } }),
      });
      return answer.json();
    };
    expect([await ask(901), await ask(901), await ask(902)]).toEqual([{ asked: 1 }, { asked: 1 }, { asked: 2 }]);
  });

  it("reaches the context with no header on which the answer is not kept apart", async () => {
    countAnswers();
    await get(somePage(), { "user-agent": "somebody", "x-choice": "mine", cookie: "a=b", "accept-language": "de" });
    const [seen] = gateway().seen;
    expect(seen?.headers).toMatchObject({ "accept-language": "de", "dapr-app-id": "catalog" });
    for (const name of ["user-agent", "x-choice", "cookie"]) expect(seen?.headers[name]).toBeUndefined();
  });

  it.each<[string, Record<string, string>]>([
    ["another language", { "accept-language": "fr" }],
    ["another encoding", { "accept-encoding": "identity" }],
    ["no cache", { "cache-control": "no-cache" }],
    ["an answer within less time than another's call may take", { "request-timeout": "1" }],
  ])("is asked for anew by who wants %s", async (_, headers) => {
    countAnswers();
    const path = somePage();
    await get(path);
    expect((await get(path, headers)).body).toEqual({ asked: 2 });
  });

  it("is asked for anew by everybody with a token: an answer may be about them", async () => {
    countAnswers();
    const path = somePage();
    await get(path);
    const known = await bearer({ roles: ["customer"] });
    expect((await get(path, known)).body).toEqual({ asked: 2 });
    expect((await get(path, known)).body).toEqual({ asked: 3 });
    expect((await get(path)).body).toEqual({ asked: 1 });
  });

  it("is whole for everybody when it is too large to keep", async () => {
    const large = "x".repeat(100_000);
    gateway().answerWith((_request, response) => answerJson(response, 200, { large }));
    const path = somePage();
    expect((await get(path)).body).toEqual({ large });
    expect((await get(path)).body).toEqual({ large });
  });

  it("is not kept when it is an error", async () => {
    const path = somePage();
    gateway().answerWith((_request, response) => answerJson(response, 404, { error: "catalog.listing_not_found" }));
    expect((await get(path)).status).toBe(404);
    gateway().answerWith(down());
    expect((await get(path)).body).toMatchObject({ error: "gateway.context_unavailable" });
    countAnswers();
    await expect.poll(async () => (await get(path)).status, { timeout: 20_000 }).toBe(200);
  });
});

it("asks the context each time for what does not say that it is the same for all", async () => {
  countAnswers();
  await get(`/products/${ID}`);
  expect((await get(`/products/${ID}`)).body).toEqual({ asked: 2 });
});
