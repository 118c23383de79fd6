import { once } from "node:events";
import { createServer } from "node:http";
import { InMemorySpanExporter } from "@opentelemetry/sdk-trace";
import { createTelemetry, currentTraceparent, linkTo, withTraceparent } from "@tandem/runtime";
import { captureLog, pollUntil } from "@tandem/testkit";
import { describe, expect, test } from "vitest";

const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const traceIdOf = (traceparent: string | undefined) => traceparent?.split("-")[1];

describe("one trace across processes", () => {
  test("a span under a traceparent continues that trace, and hands on its own span", async () => {
    const exporter = new InMemorySpanExporter();
    const { inSpan } = createTelemetry({ service: "b", exporter });
    const handed = await withTraceparent(PARENT, () =>
      inSpan("receive", { kind: "consumer" }, async () => currentTraceparent()),
    );
    const [span] = exporter.getFinishedSpans();
    expect(span?.spanContext().traceId).toBe("0af7651916cd43dd8448eb211c80319c");
    expect(span?.parentSpanContext?.spanId).toBe("b7ad6b7169203331");
    expect(handed).toBe(`00-${span?.spanContext().traceId}-${span?.spanContext().spanId}-01`);
  });

  test("the binaries of one process share the current span, and export each its own", async () => {
    const [first, second] = [new InMemorySpanExporter(), new InMemorySpanExporter()];
    const order = createTelemetry({ service: "order", exporter: first });
    const payment = createTelemetry({ service: "payment", exporter: second });
    await order.inSpan("call", { kind: "client" }, () => payment.inSpan("serve", { kind: "server" }, async () => {}));
    const [call] = first.getFinishedSpans();
    const [serve] = second.getFinishedSpans();
    expect(serve?.parentSpanContext?.spanId).toBe(call?.spanContext().spanId);
    expect([call, serve].map((span) => span?.resource.attributes["service.name"])).toEqual(["order", "payment"]);
  });

  test.each([undefined, "", "garbage", "00-00000000000000000000000000000000-0000000000000000-00"])(
    "%j is no parent: a new trace begins, not the one that happens to be current",
    async (traceparent) => {
      const { inSpan } = createTelemetry({ service: "a", sampleRatio: 1 });
      await inSpan("outer", {}, async () => {
        const outer = traceIdOf(currentTraceparent());
        const inner = await withTraceparent(traceparent, () =>
          inSpan("inner", {}, async () => traceIdOf(currentTraceparent())),
        );
        expect(inner).toMatch(/^[0-9a-f]{32}$/);
        expect(inner).not.toBe(outer);
        expect(linkTo(traceparent)).toBeUndefined();
      });
    },
  );

  test("of a comma-joined header, as bulk deliveries have it, the first entry counts", () => {
    const other = PARENT.replace("0af7", "1bf7");
    expect(withTraceparent(`${PARENT},${other}`, () => traceIdOf(currentTraceparent()))).toBe(traceIdOf(PARENT));
    expect(linkTo(`${PARENT}, ${other}`)?.context.traceId).toBe(traceIdOf(PARENT));
  });

  test("without anywhere to export to, nothing is recorded, and ids travel all the same", async () => {
    const { inSpan } = createTelemetry({ service: "a" });
    await inSpan("work", {}, async (span) => {
      expect(span.isRecording()).toBe(false);
      expect(currentTraceparent()).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    });
  });

  test("the caller's decision about recording is kept", async () => {
    const exporter = new InMemorySpanExporter();
    const { inSpan } = createTelemetry({ service: "a", exporter, sampleRatio: 1 });
    await withTraceparent(PARENT.replace(/01$/, "00"), () => inSpan("unrecorded", {}, async () => {}));
    const none = createTelemetry({ service: "a", exporter, sampleRatio: 0 });
    await withTraceparent(PARENT, () => none.inSpan("recorded", {}, async () => {}));
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(["recorded"]);
  });

  test("a failure is recorded, without its secrets, and thrown on", async () => {
    const exporter = new InMemorySpanExporter();
    const { inSpan } = createTelemetry({ service: "a", exporter });
    const failure = new Error("cannot reach postgres://u:hunter2@db");
    await expect(inSpan("work", {}, () => Promise.reject(failure))).rejects.toBe(failure);
    const [span] = exporter.getFinishedSpans();
    expect(span?.status).toEqual({ code: 2, message: "cannot reach postgres://u:[masked]@db" });
    expect(JSON.stringify(span?.events)).not.toContain("hunter2");
  });
});

describe("export by OTLP", () => {
  test("what is buffered is sent on shutdown, to the signal's path below the endpoint", async () => {
    const received: { path: string | undefined; body: Buffer }[] = [];
    const collector = createServer(async (request, response) => {
      received.push({ path: request.url, body: Buffer.concat(await request.toArray()) });
      response.end();
    }).listen(0, "127.0.0.1");
    await once(collector, "listening");
    const { port } = collector.address() as { port: number };
    const telemetry = createTelemetry({
      service: "order-api",
      version: "1.2.3",
      otlpEndpoint: `http://127.0.0.1:${port}/`,
    });
    await telemetry.inSpan("checkout-span", {}, async () => {});
    await telemetry.shutdown();
    expect(received.map(({ path }) => path)).toEqual(["/v1/traces"]);
    for (const text of ["checkout-span", "order-api", "1.2.3"]) expect(received[0]?.body.includes(text)).toBe(true);
    collector.close();
  });

  test("a collector that is gone costs a bounded time and one warning, never an error", async () => {
    const { log, lines } = captureLog();
    const telemetry = createTelemetry({ service: "a", otlpEndpoint: "http://127.0.0.1:1", log });
    await telemetry.inSpan("lost", {}, async () => {});
    await expect(telemetry.shutdown(200)).resolves.toBeUndefined();
    await pollUntil(() => lines.length === 1);
    expect(lines[0]).toMatchObject({ level: "warn", msg: "traces could not be exported" });
  });
});
