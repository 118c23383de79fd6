import type { ServiceImpl } from "@connectrpc/connect";
import type { TimelineService } from "@tandem/contracts/common-operations";
import { readPage, writePage } from "@tandem/rpc";
import type { TimelineReader } from "../biz/ports.ts";
import { timelineEventToProto } from "../events/to-proto.ts";

export const makeTimelineHandlers = (deps: {
  readonly timeline: TimelineReader;
}): ServiceImpl<typeof TimelineService> => ({
  getTimeline: async ({ kind, id, page, withPayload, topic }) => {
    const criteria = { kind, id, withPayload, topic: topic || undefined };
    const found = await deps.timeline.listByReference(criteria, readPage(page));
    return { events: found.items.map(timelineEventToProto), page: writePage(found) };
  },
  getTimelineEvent: async ({ eventId }) => ({ event: timelineEventToProto(await deps.timeline.getByEventId(eventId)) }),
});
