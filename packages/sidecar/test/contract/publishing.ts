import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { DaprService } from "@tandem/dapr/protocol";
import { pollUntil } from "@tandem/testkit";
import { describe, expect, it } from "vitest";
import { apiToken } from "./implementation.ts";
import { event, traceparent, type World } from "./world.ts";

const json = (value: object): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(value));

export const describePublishing = (world: () => World): void => {
  const rawClient = () => {
    const transport = createGrpcTransport({
      baseUrl: `http://127.0.0.1:${world().sidecars.ports("caller").grpcPort}`,
      interceptors: [
        (next) => (request) => {
          request.header.set("dapr-api-token", apiToken);
          return next(request);
        },
      ],
    });
    return createClient(DaprService, transport);
  };

  describe("publishing", () => {
    it("delivers an event with its id, type, source, subject, time, trace, correlation and data", async () => {
      const sent = event({ time: new Date("2026-01-02T03:04:05.678Z"), data: '{"amountMinor":"9007199254740993"}' });
      expect(await world().publish("caller", sent)).toEqual([{ id: sent.id, status: "sent" }]);
      expect(await world().worker.waitFor(sent.id, "thing.created")).toEqual({
        id: sent.id,
        topic: "thing.created",
        originalTopic: "thing.created",
        type: sent.type,
        source: "caller",
        subject: "thing-1",
        time: sent.time,
        data: sent.data,
        dataContentType: "application/json",
        pubsub: "pubsub",
        traceparent,
        correlationId: "correlation-1",
      });
    });

    it("delivers each event of a batch that takes several calls", async () => {
      const batch = Array.from({ length: 250 }, () => event());
      const outcomes = await world().publish("caller", ...batch);
      expect(outcomes.filter(({ status }) => status === "sent")).toHaveLength(250);
      await pollUntil(() => batch.every(({ id }) => world().worker.of(id).length > 0), { message: "250 events" });
    });

    it("honours id, type, source, subject and trace as metadata of an entry, and no other attribute", async () => {
      const id = crypto.randomUUID();
      const metadata = {
        "cloudevent.id": id,
        "cloudevent.type": "some.type",
        "cloudevent.source": "elsewhere",
        "cloudevent.subject": "subject-7",
        "cloudevent.traceparent": traceparent,
        "cloudevent.correlationid": "not forwarded",
        "cloudevent.time": "2001-01-01T00:00:00Z",
      };
      const entries = [{ entryId: "1", event: json({ a: 1 }), contentType: "application/json", metadata }];
      const answer = await rawClient().bulkPublishEvent({ pubsubName: "pubsub", topic: "thing.created", entries });
      expect(answer.failedEntries).toEqual([]);
      const got = await world().worker.waitFor(id, "thing.created");
      expect(got).toMatchObject({ type: "some.type", source: "elsewhere", subject: "subject-7", traceparent });
      expect(got).toMatchObject({ correlationId: undefined, data: '{"a":1}' });
      expect(got.time?.getUTCFullYear()).toBeGreaterThan(2001);
    });

    it("refuses a call in which two entries have the same id", async () => {
      const entry = { entryId: "same", event: json({}), contentType: "application/json", metadata: {} };
      const request = { pubsubName: "pubsub", topic: "thing.created", entries: [entry, entry] };
      await expect(rawClient().bulkPublishEvent(request)).rejects.toThrow(/entryId is duplicated/);
    });

    it("wraps what is posted with curl into an event of its own, in the name of the app", async () => {
      const name = crypto.randomUUID();
      const response = await fetch(`${world().httpUrl("caller")}/v1.0/publish/pubsub/thing.created`, {
        method: "POST",
        headers: { "content-type": "application/json", "dapr-api-token": apiToken },
        body: JSON.stringify({ name }),
      });
      expect(response.status).toBe(204);
      const got = await pollUntil(() => world().worker.received.find(({ data }) => data.includes(name)), {});
      expect(got).toMatchObject({ source: "caller", type: "com.dapr.event.sent", data: JSON.stringify({ name }) });
      expect(got.id).not.toBe("");
    });

    it("delivers garbage as it is: judging it is the consumer's business", async () => {
      const id = crypto.randomUUID();
      const response = await fetch(
        `${world().httpUrl("caller")}/v1.0/publish/pubsub/thing.created?metadata.cloudevent.id=${id}`,
        {
          method: "POST",
          headers: { "content-type": "application/json", "dapr-api-token": apiToken },
          body: "{nonsense",
        },
      );
      expect(response.status).toBe(204);
      expect((await world().worker.waitFor(id, "thing.created")).data).toContain("{nonsense");
    });

    it("takes a component that is not there for one that may still come", async () => {
      const sent = event();
      const publisher = world().dapr("caller").publisher("no-such-pubsub");
      const [outcome] = await publisher.publish([sent], AbortSignal.timeout(5_000));
      expect(outcome).toMatchObject({
        id: sent.id,
        status: "failed",
        kind: "transient",
        error: { code: "dapr.component_missing" },
      });
    });

    it("refuses a caller without the token", async () => {
      const response = await fetch(`${world().httpUrl("caller")}/v1.0/publish/pubsub/thing.created`, {
        method: "POST",
        body: "{}",
      });
      expect(response.status).toBe(401);
    });
  });

  describe("topic scopes", () => {
    it.each([
      ["stranger", "thing.created", "an app without a scope"],
      ["worker", "thing.created", "an app whose scope does not name the topic"],
      ["caller", "no.such.topic", "a topic that does not exist"],
    ])("denies %s publishing to %s: %s", async (appId, topic) => {
      const sent = event({ topic });
      const [outcome] = await world().publish(appId, sent);
      expect(outcome).toMatchObject({ status: "failed", kind: "permanent", error: { kind: "permission_denied" } });
    });

    it("denies a subscription outside of the scope", async () => {
      const secret = event({ topic: "thing.secret" });
      const open = event();
      expect(await world().publish("caller", secret)).toMatchObject([{ status: "sent" }]);
      await world().publish("caller", open);
      await world().worker.waitFor(open.id, "thing.created");
      expect(world().worker.of(secret.id)).toEqual([]);
    });
  });
};
