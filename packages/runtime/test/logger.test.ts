import { AppError } from "@tandem/kernel";
import { createTelemetry, maskDeep, maskText, runInContext } from "@tandem/runtime";
import { captureLog } from "@tandem/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const SECRET = "hunter2-4111111111111111";

describe("lines", () => {
  test("carry the trace, the span and the correlation id of the work in progress", async () => {
    const { log, lines } = captureLog();
    const telemetry = createTelemetry({ service: "test", sampleRatio: 1 });
    await runInContext({ correlationId: "c-1" }, () =>
      telemetry.inSpan("work", {}, async (span) => {
        await new Promise((resolve) => setImmediate(resolve));
        log.info({ orderId: "o-1" }, "deep inside");
        expect(lines[0]).toMatchObject({
          level: "info",
          service: "test",
          msg: "deep inside",
          orderId: "o-1",
          correlationId: "c-1",
          trace_id: span.spanContext().traceId,
          span_id: span.spanContext().spanId,
        });
      }),
    );
    log.info("outside");
    expect(lines[1]).not.toHaveProperty("trace_id");
    expect(lines[1]).not.toHaveProperty("correlationId");
  });

  test("tell of an error its type, code, stack and causes, and not what else hangs on it", () => {
    const { log, lines } = captureLog();
    const low = Object.assign(new Error("duplicate key"), {
      code: "23505",
      detail: `Key (card)=(${SECRET})`,
      severity: "ERROR",
    });
    const error = new AppError("conflict", "order.exists", "It exists", { cause: low });
    log.error({ err: error }, "failed");
    expect(lines[0]?.["err"]).toMatchObject({
      type: "AppError",
      kind: "conflict",
      code: "order.exists",
      message: "It exists",
      cause: { type: "Error", code: "23505", message: "duplicate key" },
    });
    expect(JSON.stringify(lines)).not.toContain(SECRET);
    expect(lines[0]?.["err"]).toHaveProperty("stack", expect.stringContaining("logger.test.ts"));
  });

  test("an error whose cause is itself ends", () => {
    const { log, lines } = captureLog();
    const error = new Error("round");
    error.cause = error;
    log.error(error);
    expect(lines).toHaveLength(1);
  });
});

describe("secrets", () => {
  test.each([
    ["a header", { req: { headers: { authorization: `Bearer ${SECRET}` } } }],
    ["a header in capitals", { headers: { "Proxy-Authorization": SECRET } }],
    ["cookies", { headers: { cookie: SECRET, "set-cookie": [SECRET] } }],
    ["a card token", { payment: { cardToken: SECRET, card_token: SECRET, "card-token": SECRET } }],
    ["a card number", { cardNumber: SECRET, pan: SECRET, cvc: 123 }],
    ["a whole card", { card: { number: SECRET, holder: "me" } }],
    ["passwords", { password: SECRET, dbPassword: SECRET, user: { password: SECRET } }],
    ["tokens", { token: SECRET, accessToken: SECRET, refresh_token: SECRET, DAPR_API_TOKEN: SECRET }],
    ["a database URL under its name", { DATABASE_URL: `postgres://u:${SECRET}@db/x` }],
    ["a database URL in a text", { note: `connecting to postgres://u:${SECRET}@db/x` }],
    ["an array", { list: [{ secret: SECRET }, { apiKey: SECRET }] }],
  ])("%s is masked", (_what, fields) => {
    const { log, lines } = captureLog();
    log.info(fields, "line");
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines)).not.toContain(SECRET);
    expect(JSON.stringify(lines)).toContain("[masked]");
  });

  test("in the message, in an error and in a child's fields they are masked as well", () => {
    const { log, lines } = captureLog();
    log.info(`tried Bearer ${SECRET} at redis://:${SECRET}@cache`);
    log.error({ err: new Error(`connect postgres://u:${SECRET}@db failed`) }, "failed");
    log.child({ consumer: "a" }).child({ apiToken: SECRET }).info("child");
    expect(lines).toHaveLength(3);
    expect(lines[2]).toMatchObject({ consumer: "a", apiToken: "[masked]" });
    expect(JSON.stringify(lines)).not.toContain(SECRET);
  });

  test("what only looks related stays readable", () => {
    const fields = {
      token: 42n,
      tokenCount: 3,
      cardBrand: "visa",
      passwordChanged: true,
      url: "http://user@host/a:b@c",
      author: "me",
    };
    expect(maskDeep(fields)).toEqual(fields);
    expect(maskText("http://host:8080/path@2 and a:b@c")).toBe("http://host:8080/path@2 and a:b@c");
  });

  test("the caller's object is not changed", () => {
    const fields = { a: { password: SECRET } };
    maskDeep(fields);
    expect(fields.a.password).toBe(SECRET);
  });

  test("a password in a URL is masked whatever it is made of", () => {
    const password = fc.stringMatching(/^[A-Za-z0-9!$&()*+,;=._~%-]{6,40}$/);
    fc.assert(
      fc.property(password, (value) => {
        const masked = maskText(`x postgres://user:${value}@host:5432/db y`);
        expect(masked).toBe("x postgres://user:[masked]@host:5432/db y");
      }),
    );
  });

  test("text of any shape is masked in linear time", () => {
    // Each of these made a naive expression backtrack; here they only have to come back.
    for (const text of [
      "a://".repeat(20_000),
      `a://${":".repeat(50_000)}`,
      "bearer ".repeat(20_000),
      "eyJ".repeat(20_000),
    ])
      expect(maskText(text)).toBe(text);
  });
});
