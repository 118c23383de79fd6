import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Command } from "commander";
import { portOffsetOption } from "./common-options.ts";
import { openOperations } from "./operations-clients.ts";

const print = (line: string) => void process.stdout.write(`${line}\n`);

export const addDlqCommand = (program: Command): void => {
  const dlq = program.command("dlq").description("dead letters of all contexts: list, show, replay, discard");

  dlq
    .command("list", { isDefault: true })
    .description("open dead letters, newest first")
    .addOption(portOffsetOption())
    .action(async ({ portOffset }: { portOffset: number }) => {
      let count = 0;
      for (const { context, deadLetters } of await openOperations(portOffset)) {
        const { deadLetters: letters } = await deadLetters.listDeadLetters({ page: { limit: 200 } });
        count += letters.length;
        for (const letter of letters) {
          const at = letter.deadAt ? timestampDate(letter.deadAt).toISOString() : "";
          print(
            `${context.padEnd(10)} ${letter.deadLetterId}  ${at}  ${letter.topic}  ${letter.consumer}  ${letter.error?.slug}: ${letter.error?.message}`,
          );
        }
      }
      if (count === 0) print("no dead letters");
    });

  for (const verb of ["replay", "discard"] as const) {
    dlq
      .command(verb)
      .description(verb === "replay" ? "deliver them again, under the same event ids" : "close them without effect")
      .argument("<ids...>", "dead letter ids")
      .addOption(portOffsetOption())
      .option("--note <text>", "why, for whoever looks later", "from the command line")
      .action(async (ids: string[], { portOffset, note }: { portOffset: number; note: string }) => {
        const left = new Set(ids);
        for (const { context, deadLetters } of await openOperations(portOffset)) {
          const { results } =
            verb === "replay"
              ? await deadLetters.replayDeadLetters({ deadLetterIds: ids })
              : await deadLetters.discardDeadLetters({ deadLetterIds: ids, note });
          for (const { deadLetterId, error } of results) {
            if (error?.slug === "dead_letter.not_found") continue;
            left.delete(deadLetterId);
            print(
              `${context.padEnd(10)} ${deadLetterId}  ${error ? error.message : verb === "replay" ? "will be delivered again" : "discarded"}`,
            );
          }
        }
        if (left.size > 0) throw new Error(`no context has ${[...left].join(", ")}`);
      });
  }

  dlq
    .command("show")
    .description("one dead letter with its payload")
    .argument("<id>", "dead letter id")
    .addOption(portOffsetOption())
    .action(async (id: string, { portOffset }: { portOffset: number }) => {
      for (const { context, deadLetters } of await openOperations(portOffset)) {
        const answer = await deadLetters.getDeadLetter({ deadLetterId: id }).catch(() => undefined);
        if (!answer?.deadLetter) continue;
        const { payload, error, consumer, topic, eventId, attempts, traceId } = answer.deadLetter;
        print(`${context}: ${consumer} could not handle ${eventId} of ${topic} after ${attempts} attempts`);
        print(`${error?.slug}: ${error?.message}\ntrace ${traceId || "unknown"}\n${payload}`);
        return;
      }
      throw new Error(`no context has a dead letter ${id}`);
    });
};
