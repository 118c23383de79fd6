import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  DeadLetterSchema,
  type DeadLetterService,
  ErrorInfoSchema,
  DeadLetterStatus as ProtoStatus,
} from "@tandem/contracts/common";
import { type DeadLetter, type DeadLetterStatus, deadLetterStore } from "@tandem/messaging";
import type { Database } from "@tandem/postgres";
import { callOf, readPage, runBatch, summaryOf, writePage } from "@tandem/rpc";
import { maskDeep, maskText } from "@tandem/runtime";

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
  });

/** What a person may see of a payload: card tokens and the like are masked. The stored one, which a replay delivers, stays whole. */
export const shownPayload = (data: string): string => {
  try {
    return JSON.stringify(maskDeep(JSON.parse(data)));
  } catch {
    return maskText(data);
  }
};

export const makeDeadLetterHandlers = (database: Database): ServiceImpl<typeof DeadLetterService> => {
  const store = deadLetterStore(database);
  const each = async (ids: readonly string[], work: (id: string) => Promise<unknown>) => {
    const outcomes = await runBatch(ids, work);
    const results = outcomes.map((outcome, at) => ({
      deadLetterId: ids[at] ?? "",
      ...(outcome.case === "error" ? { error: outcome.value } : {}),
    }));
    return { results, summary: summaryOf(outcomes) };
  };
  return {
    listDeadLetters: async ({ page, status, consumer, topic }) => {
      const { limit, cursor } = readPage(page);
      const found = await store.list({
        status: fromProtoStatus[status],
        ...(consumer ? { consumer } : {}),
        ...(topic ? { topic } : {}),
        ...(limit ? { limit } : {}),
        ...(cursor ? { cursor } : {}),
      });
      return { deadLetters: found.items.map((letter) => toProto(letter)), page: writePage(found) };
    },
    getDeadLetter: async ({ deadLetterId }) => {
      const letter = await store.get(deadLetterId);
      return { deadLetter: toProto(letter, shownPayload(letter.event.data)) };
    },
    replayDeadLetters: ({ deadLetterIds }, context) =>
      each(deadLetterIds, (id) => store.replay(id, callOf(context).principal.subject)),
    discardDeadLetters: ({ deadLetterIds }, context) =>
      each(deadLetterIds, (id) => store.discard(id, callOf(context).principal.subject)),
  };
};
