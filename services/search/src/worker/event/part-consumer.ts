import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { PartChange, PartOutcome } from "../../biz/ports.ts";

export type ApplyPart = (change: PartChange) => Promise<PartOutcome>;

/**
 * An index may be some hundred milliseconds late, and what fails here fails for all (the database is away) or is a dead letter at once: no event's
 * retries hold up those behind it.
 */
const BULK = { maxMessages: 100, maxAwaitMs: 250 };

/** Takes one part of a document. Events that come together are one statement, which writes their inbox rows as well; each has its own outcome. */
export const partConsumer = <Desc extends DescMessage>(
  { name, event }: { readonly name: string; readonly event: Desc },
  applyPart: ApplyPart,
  changeOf: (message: MessageShape<Desc>) => Omit<PartChange, "event"> | undefined,
): Consumer =>
  defineConsumer<Desc>({
    name,
    event,
    bulk: BULK,
    handle: async (message, context) => {
      const change = changeOf(message);
      if (!change) return;
      const inbox = context.carryInbox();
      const outcome = await applyPart({ ...change, event: { consumer: inbox.consumer, id: inbox.eventId } });
      inbox.written(outcome !== "duplicate");
    },
  });
