import { type create, fromJson, type JsonValue, toJsonString } from "@bufbuild/protobuf";
import { serviceCatalogue, topicCatalogue, topicsPublishedBy } from "@tandem/contracts";
import { newId } from "@tandem/kernel";
import type { Command } from "commander";
import { findPlatform } from "../platform/find-platform.ts";
import type { PlatformFlags } from "../platform/platform.ts";
import { withPlatform } from "./common-options.ts";

interface PublishFlags extends PlatformFlags {
  readonly id?: string;
  readonly check: boolean;
}

/** Publishes as the context that owns the topic does: through its sidecar, with the CloudEvent's id, type and subject. */
export const addPublishCommand = (program: Command): void => {
  withPlatform(program.command("publish"))
    .description("publishes a test event on the platform that runs")
    .argument("<topic>", "order.created, payment.authorized, ...")
    .argument("<json>", "the event's data as proto JSON")
    .option("--id <id>", "the event's id; the same id twice has one effect")
    .option("--no-check", "send what is not JSON, or not this event's fields, all the same")
    .action(async (topicName: string, text: string, flags: PublishFlags) => {
      const platform = await findPlatform(flags);
      const topic = topicCatalogue.find(({ name }) => name === topicName);
      if (!topic) {
        throw new Error(
          `there is no topic ${topicName}; there are ${topicCatalogue.map(({ name }) => name).join(", ")}`,
        );
      }
      const owner = serviceCatalogue.find((entry) => topicsPublishedBy(entry).includes(topic));
      if (!owner) throw new Error(`nobody publishes ${topicName}`);
      const id = flags.id ?? newId();
      const { body, subject } = flags.check ? readEvent(topic.schema, text, topic) : { body: text, subject: "" };
      const query = new URLSearchParams({
        "metadata.cloudevent.id": id,
        "metadata.cloudevent.type": topic.type,
        "metadata.cloudevent.source": owner.apiAppId,
        ...(subject ? { "metadata.cloudevent.subject": subject } : {}),
      });
      const sidecar = await platform.sidecarOf(owner.apiAppId);
      const answer = await fetch(`${sidecar.url}/v1.0/publish/pubsub/${topicName}?${query}`, {
        method: "POST",
        headers: { ...sidecar.headers, "content-type": "application/json" },
        body,
        signal: AbortSignal.timeout(10_000),
      });
      if (!answer.ok)
        throw new Error(`the sidecar of ${owner.apiAppId} answered ${answer.status}: ${await answer.text()}`);
      process.stdout.write(`published ${topicName} ${id} through the sidecar of ${owner.apiAppId}\n`);
    });
};

const readEvent = (
  schema: Parameters<typeof create>[0],
  text: string,
  topic: { aggregateIdOf(message: unknown): string },
): { body: string; subject: string } => {
  let json: JsonValue;
  try {
    json = JSON.parse(text) as JsonValue;
  } catch (error) {
    throw new Error(`the data is not JSON: ${(error as Error).message}`);
  }
  const message = fromJson(schema, json);
  return { body: toJsonString(schema, message), subject: topic.aggregateIdOf(message) };
};
