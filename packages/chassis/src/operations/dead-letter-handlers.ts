import { create } from "@bufbuild/protobuf";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import {
  DeadLetterGroupSchema,
  DeadLetterSchema,
  type DeadLetterService,
  ErrorInfoSchema,
  DeadLetterStatus as ProtoStatus,
} from "@tandem/contracts/common";
import { type DeadLetter, type DeadLetterStatus, type DeadLetterStore, deadLetterStore } from "@tandem/messaging";
import type { Database } from "@tandem/postgres";
import { callOf, readPage, runBatch, summaryOf, writePage } from "@tandem/rpc";
import { maskDeep, maskText } from "@tandem/runtime";
import type { AuditTrail } from "./audit-trail.ts";

const toProtoStatus: Readonly<Record<DeadLetterStatus, ProtoStatus>> = {
  open: ProtoStatus.OPEN,
  replay_requested: ProtoStatus.OPEN,
  replaying: ProtoStatus.OPEN,
  replayed: ProtoStatus.REPLAYED,
  discarded: ProtoStatus.DISCARDED,
};
const fromProtoStatus: Readonly<Record<ProtoStatus, DeadLetterStatus>> = {
  [ProtoStatus.UNSPECIFIED]: "open",
  [ProtoStatus.OPEN]: "open",
  [ProtoStatus.REPLAYED]: "replayed",
  [ProtoStatus.DISCARDED]: "discarded",
};

const toProto = (letter: DeadLetter, payload = "") =>
  create(DeadLetterSchema, {
    deadLetterId: letter.id,
    consumer: letter.consumer,
    topic: letter.event.topic,
    eventId: letter.event.id,
    eventType: letter.event.type,
    source: letter.event.source,
    subject: letter.event.subject ?? "",
    payload,
    error: create(ErrorInfoSchema, { slug: letter.error.code, message: letter.error.message }),
    attempts: letter.attempts,
    traceId: letter.event.traceparent?.split("-")[1] ?? "",
    correlationId: letter.event.correlationId ?? "",
    status: toProtoStatus[letter.status],
    firstFailedAt: timestampFromDate(letter.firstFailedAt),
    deadAt: timestampFromDate(letter.lastFailedAt),
    ...(letter.resolvedAt ? { closedAt: timestampFromDate(letter.resolvedAt) } : {}),
    closedBy: letter.resolvedBy ?? "",
    fingerprint: letter.fingerprint,
  });

/** What a person may see of a payload: card tokens and the like are masked. The stored one, which a replay delivers, stays whole. */
export const shownPayload = (data: string): string => {
  try {
    return JSON.stringify(maskDeep(JSON.parse(data)));
  } catch {
    return maskText(data);
  }
};

export const makeDeadLetterHandlers = (
  database: Database,
  audit: AuditTrail,
): ServiceImpl<typeof DeadLetterService> => {
  const store = deadLetterStore(database);
  type Change = (store: DeadLetterStore, id: string, actor: string) => Promise<unknown>;
  const each = async (ids: readonly string[], context: HandlerContext, done: Done, change: Change) => {
    const actor = callOf(context).principal.subject;
    const outcomes = await runBatch(ids, (id) =>
      database.transact(async (tx) => {
        await change(deadLetterStore(tx.client), id, actor);
        const { action, note } = done;
        await audit(tx, {
          actor,
          action,
          targetKind: "dead-letter",
          target: id,
          ...(note ? { details: { note } } : {}),
        });
      }),
    );
    const results = outcomes.map((outcome, at) => ({
      deadLetterId: ids[at] ?? "",
      ...(outcome.case === "error" ? { error: outcome.value } : {}),
    }));
    return { results, summary: summaryOf(outcomes) };
  };
  return {
    listDeadLetters: async ({ page, status, consumer, topic, eventId, fingerprint, text, before }) => {
      const { limit, cursor } = readPage(page);
      const found = await store.list({
        status: fromProtoStatus[status],
        ...(consumer ? { consumer } : {}),
        ...(topic ? { topic } : {}),
        ...(eventId ? { eventId } : {}),
        ...(fingerprint ? { fingerprint } : {}),
        ...(text ? { text } : {}),
        ...(before ? { before: timestampDate(before) } : {}),
        ...(limit ? { limit } : {}),
        ...(cursor ? { cursor } : {}),
      });
      return { deadLetters: found.items.map((letter) => toProto(letter)), page: writePage(found) };
    },
    getDeadLetter: async ({ deadLetterId }) => {
      const letter = await store.get(deadLetterId);
      return { deadLetter: toProto(letter, shownPayload(letter.event.data)) };
    },
    groupDeadLetters: async () => ({
      groups: (await store.group()).map((group) =>
        create(DeadLetterGroupSchema, {
          fingerprint: group.fingerprint,
          consumer: group.consumer,
          error: create(ErrorInfoSchema, { slug: group.errorCode, message: group.errorMessage }),
          open: BigInt(group.open),
          firstFailedAt: timestampFromDate(group.firstFailedAt),
          lastFailedAt: timestampFromDate(group.lastFailedAt),
        }),
      ),
    }),
    replayDeadLetters: ({ deadLetterIds }, context) =>
      each(deadLetterIds, context, { action: "dead-letter.replay" }, (letters, id, actor) => letters.replay(id, actor)),
    discardDeadLetters: ({ deadLetterIds, note }, context) =>
      each(deadLetterIds, context, { action: "dead-letter.discard", note }, (letters, id, actor) =>
        letters.discard(id, actor),
      ),
  };
};

interface Done {
  readonly action: string;
  readonly note?: string;
}
