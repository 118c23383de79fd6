import { Code, ConnectError } from "@connectrpc/connect";
import type { OutboxEvent } from "@tandem/messaging";
import { describe, expect, it } from "vitest";
import { createDapr, type PublisherOptions } from "../src/index.ts";
import type { BulkPublishRequest } from "../src/protocol.ts";
import { startFakeSidecar } from "./fake-sidecar.ts";

const event = (id: string, init: Partial<OutboxEvent> = {}): OutboxEvent => ({
  id,
  topic: "order.created",
  type: "tandem.order.v1.OrderCreated",
  source: "order",
  subject: `order-${id}`,
  aggregateVersion: 1n,
  data: "{}",
  time: new Date(0),
  ...init,
});

interface Published {
  readonly calls: readonly BulkPublishRequest[];
  readonly outcomes: readonly { readonly id: string; readonly status: string; readonly kind?: string }[];
}

const publish = async (
  batch: readonly OutboxEvent[],
  answer: (request: BulkPublishRequest) => { failedEntries: { entryId: string; error: string }[] } = () => ({
    failedEntries: [],
  }),
  options: PublisherOptions = {},
): Promise<Published> => {
  const calls: BulkPublishRequest[] = [];
  await using sidecar = await startFakeSidecar({
    bulkPublishEvent: (request) => {
      calls.push(request);
      return answer(request);
    },
  });
  const dapr = createDapr({ grpcPort: sidecar.port, httpPort: 1, apiToken: "t" });
  const outcomes = await dapr.publisher("pubsub", options).publish(batch, AbortSignal.timeout(5_000));
  dapr.close();
  return { calls, outcomes };
};

describe("publisher", () => {
  it("makes one call a topic, an entry an event, keyed by the aggregate", async () => {
    const { calls, outcomes } = await publish([event("1"), event("2", { topic: "order.paid" }), event("3")]);
    expect(calls.map(({ topic, entries }) => [topic, entries.map(({ entryId }) => entryId)])).toEqual([
      ["order.created", ["1", "3"]],
      ["order.paid", ["2"]],
    ]);
    expect(calls[0]?.entries[0]).toMatchObject({
      contentType: "application/cloudevents+json",
      metadata: { partitionKey: "order-1" },
    });
    expect(outcomes.map(({ status }) => status)).toEqual(["sent", "sent", "sent"]);
  });

  it("splits by number and by bytes", async () => {
    const batch = Array.from({ length: 10 }, (_, index) => event(String(index), { data: `"${"x".repeat(1_000)}"` }));
    const byCount = await publish(batch, undefined, { maxBatch: 4 });
    expect(byCount.calls.map(({ entries }) => entries.length).sort()).toEqual([2, 4, 4]);
    const byBytes = await publish(batch, undefined, { maxBatchBytes: 3_000 });
    expect(byBytes.calls).toHaveLength(5);
  });

  it("tells the entries that failed from those that did not", async () => {
    const { outcomes } = await publish([event("1"), event("2")], () => ({
      failedEntries: [{ entryId: "2", error: "broker is full" }],
    }));
    expect(outcomes).toMatchObject([
      { id: "1", status: "sent" },
      { id: "2", status: "failed", kind: "transient" },
    ]);
  });

  it("takes a call that failed as a whole as unknown for each of its entries", async () => {
    const { outcomes } = await publish([event("1"), event("2")], () => {
      throw new ConnectError("broker is away", Code.Internal);
    });
    expect(outcomes).toMatchObject([
      { id: "1", status: "failed", kind: "transient" },
      { id: "2", status: "failed", kind: "transient" },
    ]);
  });

  it("takes a topic that is not its own as permanent", async () => {
    const { outcomes } = await publish([event("1")], () => {
      throw new ConnectError("topic is not allowed", Code.PermissionDenied);
    });
    expect(outcomes).toMatchObject([{ status: "failed", kind: "permanent", error: { code: "dapr.publish_failed" } }]);
  });

  it("finds the one event that spoils a call, and sends the others", async () => {
    const { outcomes } = await publish([event("1"), event("bad"), event("3")], ({ entries }) => {
      if (entries.some(({ entryId }) => entryId === "bad")) throw new ConnectError("bad event", Code.InvalidArgument);
      return { failedEntries: [] };
    });
    expect(outcomes).toMatchObject([
      { id: "1", status: "sent" },
      { id: "bad", status: "failed", kind: "permanent" },
      { id: "3", status: "sent" },
    ]);
  });

  it("does not try to send what no sidecar takes", async () => {
    const { calls, outcomes } = await publish([event("1", { data: `"${"x".repeat(2_000)}"` })], undefined, {
      maxBatchBytes: 1_000,
    });
    expect(calls).toEqual([]);
    expect(outcomes).toMatchObject([{ kind: "permanent", error: { code: "dapr.event_too_large" } }]);
  });

  it("reports a sidecar that is not there as transient", async () => {
    const dapr = createDapr({ grpcPort: 1, httpPort: 1 });
    const outcomes = await dapr.publisher("pubsub").publish([event("1")], AbortSignal.timeout(5_000));
    expect(outcomes).toMatchObject([{ status: "failed", kind: "transient", error: { kind: "unavailable" } }]);
    dapr.close();
  });

  it("reports a sidecar that dies under the call as transient", async () => {
    let die: () => unknown = () => undefined;
    const sidecar = await startFakeSidecar({
      bulkPublishEvent: async () => {
        die();
        await new Promise(() => {});
        return { failedEntries: [] };
      },
    });
    die = () => sidecar[Symbol.asyncDispose]();
    const dapr = createDapr({ grpcPort: sidecar.port, httpPort: 1 });
    const outcomes = await dapr.publisher("pubsub").publish([event("1")], AbortSignal.timeout(5_000));
    expect(outcomes).toMatchObject([{ status: "failed", kind: "transient", error: { kind: "unavailable" } }]);
    dapr.close();
  });

  it("stops when it is told to", async () => {
    const abort = new AbortController();
    await using sidecar = await startFakeSidecar({
      bulkPublishEvent: async (_request, { signal }) => {
        abort.abort();
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        return { failedEntries: [] };
      },
    });
    const dapr = createDapr({ grpcPort: sidecar.port, httpPort: 1 });
    const outcomes = await dapr.publisher("pubsub").publish([event("1")], abort.signal);
    expect(outcomes).toMatchObject([{ status: "failed", kind: "transient", error: { kind: "cancelled" } }]);
    dapr.close();
  });
});
