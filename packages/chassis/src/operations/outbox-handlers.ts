import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { ErrorInfoSchema, type OutboxService, ParkedEventSchema } from "@tandem/contracts/common";
import { AppError } from "@tandem/kernel";
import { listParked, outboxStats, releaseParked } from "@tandem/messaging";
import type { Database } from "@tandem/postgres";
import { callOf, readPage, runBatch, summaryOf, writePage } from "@tandem/rpc";
import type { AuditTrail } from "./audit-trail.ts";

export const makeOutboxHandlers = (database: Database, audit: AuditTrail): ServiceImpl<typeof OutboxService> => ({
  getStats: async (_, { signal }) => {
    const stats = await outboxStats(database, signal);
    return {
      pending: BigInt(stats.pending),
      leased: BigInt(stats.leased),
      parked: BigInt(stats.dead),
      sent: BigInt(stats.sent),
      oldestPendingAgeMs: BigInt(Math.round(stats.oldestPendingAgeMs)),
      oldestTransactionAgeMs: BigInt(Math.round(stats.oldestTransactionAgeMs)),
    };
  },
  listParked: async ({ page }) => {
    const { limit, cursor } = readPage(page);
    const found = await listParked(database, { ...(limit ? { limit } : {}), ...(cursor ? { cursor } : {}) });
    const events = found.items.map((event) =>
      create(ParkedEventSchema, {
        eventId: event.id,
        topic: event.topic,
        eventType: event.type,
        subject: event.subject,
        attempts: event.attempts,
        error: create(ErrorInfoSchema, { slug: `outbox.${event.reason}`, message: event.error }),
        createdAt: timestampFromDate(event.createdAt),
        parkedAt: timestampFromDate(event.parkedAt),
      }),
    );
    return { events, page: writePage(found) };
  },
  releaseParked: async ({ eventIds }, context) => {
    const actor = callOf(context).principal.subject;
    const outcomes = await runBatch(eventIds, async (id) => {
      if ((await releaseParked(database, [id])) === 0) {
        throw new AppError("not_found", "outbox.not_parked", "There is no such parked event.");
      }
      // Afterwards: releasing wakes the relay by itself. What is released and not told of is in the log.
      const action = { actor, action: "outbox.release", targetKind: "event", target: id };
      await database.transact((tx) => audit(tx, action));
    });
    const results = outcomes.map((outcome, at) => ({
      eventId: eventIds[at] ?? "",
      ...(outcome.case === "error" ? { error: outcome.value } : {}),
    }));
    return { results, summary: summaryOf(outcomes) };
  },
});
