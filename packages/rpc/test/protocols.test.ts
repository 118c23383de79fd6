import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "@tandem/contracts/common";
import { AppError, type ErrorKind } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeOfKind, httpStatusOfKind } from "../src/index.ts";
import { bearer, type Harness, rawClient, startHarness, wireProtocols } from "./harness.ts";

const kinds: readonly [kind: ErrorKind, status: number][] = [
  ["invalid_argument", 400],
  ["unauthenticated", 401],
  ["permission_denied", 403],
  ["not_found", 404],
  ["already_exists", 409],
  ["conflict", 409],
  ["failed_precondition", 409],
  ["resource_exhausted", 429],
  ["deadline_exceeded", 504],
  ["unavailable", 503],
  ["cancelled", 499],
  ["unimplemented", 501],
];

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({
    getThing: ({ id }) => {
      if (id === "secret") throw new Error("connect ECONNREFUSED postgres://app:hunter2@db/orders");
      if (id === "internal")
        throw new AppError("internal", "postgres.second_transaction", "A second transaction in one handler.");
      if (id.startsWith("long ")) return { id, seenBy: "a".repeat(Number(id.slice(5))) };
      if (id === "order") throw new AppError("not_found", "order.not_found", "There is no such order.");
      const kind = kinds.find(([one]) => one === id)?.[0];
      if (kind !== undefined)
        throw new AppError(kind, `test.${kind}`, "said by the handler", {
          details: [{ field: "id", rule: "test.rule", message: "no" }],
        });
      return { id };
    },
  });
});
afterAll(() => harness[Symbol.asyncDispose]());

describe.each(wireProtocols)("over %s", (protocol) => {
  it("answers", async () => {
    const answer = await rawClient(harness, protocol).getThing({ id: "a" }, bearer(await harness.token()));
    expect(answer.id).toBe("a");
  });

  it("streams", async () => {
    const numbers: number[] = [];
    for await (const { number } of rawClient(harness, protocol).watchThing({ id: "a" }, bearer(await harness.token())))
      numbers.push(number);
    expect(numbers).toEqual([1, 2, 3]);
  });

  it.each(kinds)("turns an AppError %s into its code, with slug, number and violations in the detail", async (kind) => {
    const error = await failure(rawClient(harness, protocol).getThing({ id: kind }, bearer(await harness.token())));
    expect([error.code, error.rawMessage]).toEqual([codeOfKind(kind), "said by the handler"]);
    const [info] = error.findDetails(ErrorInfoSchema);
    expect(info).toMatchObject({ slug: `test.${kind}`, number: codeOfKind(kind) });
    expect(info?.violations[0]).toMatchObject({ field: "id", rule: "test.rule", message: "no" });
  });

  it("takes the number from the catalogue", async () => {
    const error = await failure(rawClient(harness, protocol).getThing({ id: "order" }, bearer(await harness.token())));
    expect(error.findDetails(ErrorInfoSchema)[0]).toMatchObject({ slug: "order.not_found", number: 1001 });
  });

  it.each(["secret", "internal"])("says nothing of an unknown or internal error (%s)", async (id) => {
    const error = await failure(rawClient(harness, protocol).getThing({ id }, bearer(await harness.token())));
    expect(error.code).toBe(Code.Internal);
    expect(error.findDetails(ErrorInfoSchema)[0]).toMatchObject({ slug: "rpc.internal" });
    expect(JSON.stringify([error.message, error.details.map(String), [...error.metadata]])).not.toMatch(
      /hunter2|postgres|ECONN|second/,
    );
  });

  it("refuses without a token, and says so", async () => {
    const error = await failure(rawClient(harness, protocol).getThing({ id: "a" }));
    expect([error.code, error.findDetails(ErrorInfoSchema)[0]?.slug]).toEqual([
      Code.Unauthenticated,
      "auth.token_missing",
    ]);
  });

  it("answers public methods without a token", async () => {
    expect((await rawClient(harness, protocol).ping({})).text).toBe("pong");
  });

  it("names field and rule of an invalid request", async () => {
    const error = await failure(
      rawClient(harness, protocol).createThing(
        { name: "", parts: [{ partCount: 1 }, { partCount: 0 }] },
        bearer(await harness.token()),
      ),
    );
    const [info] = error.findDetails(ErrorInfoSchema);
    expect([error.code, info?.slug]).toEqual([Code.InvalidArgument, "request.invalid"]);
    expect(info?.violations.map(({ field, rule }) => [field, rule])).toEqual([
      ["name", "string.min_len"],
      ["parts[1].partCount", "int32.gte"],
    ]);
  });

  it("says that a method is not implemented", async () => {
    const error = await failure(rawClient(harness, protocol).unimplemented({}));
    expect([error.code, error.findDetails(ErrorInfoSchema)[0]?.slug]).toEqual([
      Code.Unimplemented,
      "rpc.unimplemented",
    ]);
  });

  it("validates and refuses before a stream begins", async () => {
    const stream = rawClient(harness, protocol).watchThing({ id: "" }, bearer(await harness.token()));
    const error = await failure(stream[Symbol.asyncIterator]().next());
    expect([error.code, error.findDetails(ErrorInfoSchema)[0]?.slug]).toEqual([
      Code.InvalidArgument,
      "request.invalid",
    ]);
    const anonymous = await failure(
      rawClient(harness, protocol).watchThing({ id: "a" })[Symbol.asyncIterator]().next(),
    );
    expect(anonymous.code).toBe(Code.Unauthenticated);
  });
});

describe("over REST", () => {
  it("wraps a response into the envelope, zero values included", async () => {
    const { status, json, headers } = await harness.http("/things/a");
    expect([status, json]).toEqual([200, { code: 0, data: { id: "a", seenBy: "" } }]);
    expect(headers.get("x-correlation-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get("x-trace-id")).toMatch(/^[0-9a-f]{32}$/);
    expect(headers.get("server")).toBeNull();
  });

  it.each(kinds)("turns an AppError %s into HTTP %i", async (kind, status) => {
    const answer = await harness.http(`/things/${kind}`);
    expect(answer.status).toBe(status);
    expect(httpStatusOfKind(kind)).toBe(status);
    expect(answer.json).toMatchObject({
      code: codeOfKind(kind),
      error: `test.${kind}`,
      message: "said by the handler",
      details: [{ field: "id", rule: "test.rule", message: "no" }],
    });
    expect(answer.json.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(answer.headers.get("content-type")).toBe("application/json");
  });

  it("REST errors from before the interceptors carry the trace that came with the request", async () => {
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    const refused = async (traceparent: string) =>
      (await harness.http("/things", { method: "POST", body: "{", headers: { traceparent } })).json;
    expect(await refused(`00-${traceId}-00f067aa0ba902b7-01`)).toMatchObject({ error: "request.malformed", traceId });
    expect(await refused("nonsense")).not.toHaveProperty("traceId");
  });

  it.each(["secret", "internal"])(
    "says nothing of an unknown or internal error (%s), and logs it with its trace",
    async (id) => {
      const { status, text, json } = await harness.http(`/things/${id}`);
      expect(status).toBe(500);
      expect(json).toMatchObject({
        error: "rpc.internal",
        message: "The server failed to answer this call.",
        details: [],
      });
      expect(text).not.toMatch(/hunter2|postgres|ECONN|second|stack/);
      const line = harness.log.lines.find((one) => one["trace_id"] === json.traceId && one["msg"] === "call failed");
      expect(line).toMatchObject({ level: "error", rpc: "tandem.rpctest.v1.EchoService/GetThing", code: "internal" });
      expect(JSON.stringify(line)).toMatch(id === "secret" ? /ECONNREFUSED/ : /second_transaction/);
      expect(JSON.stringify(line)).not.toContain("hunter2");
    },
  );

  it("streams one message a line, each in the envelope", async () => {
    const { text } = await harness.http("/things/a/watch");
    expect(
      text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([1, 2, 3].map((number) => ({ code: 0, data: { number } })));
  });
});

const failure = async (work: Promise<unknown>): Promise<ConnectError> => {
  const error = await work.then(
    (value) => value,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ConnectError);
  return error as ConnectError;
};

describe("an answer to somebody who takes gzip", () => {
  it.each([
    [13_000, null],
    [20_000, "gzip"],
  ])("of %i bytes has the encoding %s: what fits into the first flight is sent as it is", async (bytes, encoding) => {
    const answer = await fetch(`${harness.httpUrl}/tandem.rpctest.v1.EchoService/GetThing`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${await harness.token()}`,
        "content-type": "application/json",
        "accept-encoding": "gzip",
      },
      body: JSON.stringify({ id: `long ${bytes}` }),
    });
    expect([answer.status, answer.headers.get("content-encoding")]).toEqual([200, encoding]);
    expect(((await answer.json()) as { seenBy: string }).seenBy).toHaveLength(bytes);
  });
});
