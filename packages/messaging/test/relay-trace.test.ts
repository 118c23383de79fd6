import { SpanStatusCode } from "@opentelemetry/api";
import { InMemorySpanExporter } from "@opentelemetry/sdk-trace";
import { createTelemetry, withTraceparent } from "@tandem/runtime";
import { pollUntil, type TestDatabase } from "@tandem/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRelay } from "../src/index.ts";
import { addEvents, balanceOf, eventOf, openTestDatabase, recordingPublisher } from "./support.ts";

let db: TestDatabase;
beforeEach(async () => {
  db = await openTestDatabase();
});
afterEach(() => db.dispose());

const SAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const UNSAMPLED = "00-0af7651916cd43dd8448eb211c80319d-b7ad6b7169203332-00";

describe("publishing", () => {
  it("is a span below the one in which the event was added, and what is sent carries it on", async () => {
    const exporter = new InMemorySpanExporter();
    const telemetry = createTelemetry({ service: "order-worker", exporter });
    const publisher = recordingPublisher((batch) =>
      batch.map(({ id, subject }) =>
        subject === "bad"
          ? { id, status: "failed", kind: "permanent", error: new Error("refused") }
          : { id, status: "sent" },
      ),
    );
    await withTraceparent(SAMPLED, () => addEvents(db.database, eventOf("good"), eventOf("bad")));
    await withTraceparent(UNSAMPLED, () => addEvents(db.database, eventOf("unrecorded")));
    await addEvents(db.database, eventOf("untraced"));
    const relay = createRelay({ database: db.database, publisher, tracer: telemetry.tracer });
    await relay.start(new AbortController().signal);
    await pollUntil(async () => (await balanceOf(db.database)).pending === 0);
    await relay.stop();

    const spans = exporter.getFinishedSpans();
    expect(spans.map(({ name }) => name)).toEqual(["publish order.created", "publish order.created"]);
    expect(spans.every((span) => span.parentSpanContext?.spanId === "b7ad6b7169203331")).toBe(true);
    expect(spans.map(({ status }) => status.code)).toEqual([SpanStatusCode.UNSET, SpanStatusCode.ERROR]);
    const sent = (subject: string) => publisher.published.find((event) => event.subject === subject)?.traceparent;
    expect(sent("good")).toBe(`00-0af7651916cd43dd8448eb211c80319c-${spans[0]?.spanContext().spanId}-01`);
    expect(sent("unrecorded")).toBe(UNSAMPLED);
    expect(sent("untraced")).toBeUndefined();
    await telemetry.shutdown();
  });
});
