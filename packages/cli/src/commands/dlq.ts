import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { DeadLetter } from "@tandem/contracts/common";
import type { Command } from "commander";
import { findPlatform } from "../platform/find-platform.ts";
import type { Platform, PlatformFlags } from "../platform/platform.ts";
import { wholeNumber, withPlatform } from "./common-options.ts";
import { openAggregate, openOperations } from "./operations-clients.ts";

const print = (line: string) => void process.stdout.write(`${line}\n`);

/** From common-operations, which asks all at once; where that does not run, from one context after the other. */
const listAll = async (platform: Platform) => {
  const answer = await (await openAggregate(platform))?.searchDeadLetters({ limit: 200 }).catch(() => undefined);
  if (answer)
    return {
      found: answer.deadLetters.flatMap(({ context, deadLetter: letter }) => (letter ? [{ context, letter }] : [])),
      silent: answer.silent.map(({ context }) => context),
    };
  const found: { context: string; letter: DeadLetter }[] = [];
  for (const { context, deadLetters } of await openOperations(platform)) {
    const { deadLetters: letters } = await deadLetters.listDeadLetters({ page: { limit: 200 } });
    found.push(...letters.map((letter) => ({ context, letter })));
  }
  return { found, silent: [] };
};

const aggregateOf = async (platform: Platform) => {
  const aggregate = await openAggregate(platform);
  if (!aggregate) throw new Error("this needs common-operations, which does not run");
  return aggregate;
};

export const addDlqCommand = (program: Command): void => {
  const dlq = program.command("dlq").description("dead letters of all contexts: list, show, replay, discard");

  withPlatform(dlq.command("list", { isDefault: true }))
    .description("open dead letters, newest first")
    .action(async (flags: PlatformFlags) => {
      const { found, silent } = await listAll(await findPlatform(flags));
      for (const { context, letter } of found) {
        const at = letter.deadAt ? timestampDate(letter.deadAt).toISOString() : "";
        print(
          `${context.padEnd(10)} ${letter.deadLetterId}  ${at}  ${letter.topic}  ${letter.consumer}  ${letter.error?.slug}: ${letter.error?.message}`,
        );
      }
      if (found.length === 0) print("no dead letters");
      for (const context of silent) print(`${context} did not answer: what it has is missing here`);
    });

  withPlatform(dlq.command("groups"))
    .description("open dead letters by consumer and cause, most frequent first")
    .action(async (flags: PlatformFlags) => {
      const { groups, silent } = await (await aggregateOf(await findPlatform(flags))).groupDeadLetters({});
      for (const { context, group } of groups)
        print(
          `${String(group?.open).padStart(6)}  ${group?.fingerprint}  ${context}  ${group?.consumer}  ${group?.error?.slug}: ${group?.error?.message}`,
        );
      if (groups.length === 0) print("no dead letters");
      for (const { context } of silent) print(`${context} did not answer: what it has is missing here`);
    });

  withPlatform(dlq.command("replay-group"))
    .description("deliver all of a group again, as a task; `all` for every open one")
    .argument("<fingerprint>", "of `dlq groups`")
    .option("--rate <per second>", "no faster than that", wholeNumber(1, 1_000), 10)
    .option("--dry-run", "only count")
    .action(async (fingerprint: string, options: PlatformFlags & { rate: number; dryRun?: boolean }): Promise<void> => {
      const { task, matching } = await (await aggregateOf(await findPlatform(options))).startReplay({
        fingerprint,
        maxPerSecond: options.rate,
        dryRun: options.dryRun ?? false,
      });
      print(
        task ? `${matching} will be delivered again by task ${task.taskId}` : `${matching} would be delivered again`,
      );
    });

  for (const verb of ["replay", "discard"] as const) {
    withPlatform(dlq.command(verb))
      .description(verb === "replay" ? "deliver them again, under the same event ids" : "close them without effect")
      .argument("<ids...>", "dead letter ids")
      .option("--note <text>", "why, for whoever looks later", "from the command line")
      .action(async (ids: string[], { note, ...flags }: PlatformFlags & { note: string }) => {
        const left = new Set(ids);
        for (const { context, deadLetters } of await openOperations(await findPlatform(flags))) {
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

  withPlatform(dlq.command("show"))
    .description("one dead letter with its payload")
    .argument("<id>", "dead letter id")
    .action(async (id: string, flags: PlatformFlags) => {
      for (const { context, deadLetters } of await openOperations(await findPlatform(flags))) {
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
