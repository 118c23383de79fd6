import type { TimelineEvent } from "../model/timeline-event.ts";

export interface Page<T> {
  readonly items: readonly T[];
  /** Absent on the last page. */
  readonly nextCursor?: string | undefined;
  /** All that match; only on pages asked for by offset. */
  readonly total?: number | undefined;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly offset?: number | undefined;
}

export interface TimelineCriteria {
  readonly kind: string;
  readonly id: string;
  readonly topic?: string | undefined;
  readonly withPayload: boolean;
}

export interface TimelineReader {
  /** Oldest first. */
  listByReference(criteria: TimelineCriteria, page: PageRequest): Promise<Page<TimelineEvent>>;
  /** @throws AppError `timeline.event_not_found` */
  getByEventId(eventId: string): Promise<TimelineEvent>;
}

export interface TimelineStore {
  /** One statement. False: it was there already. */
  append(event: TimelineEvent): Promise<boolean>;
  /** Deletes up to `limit` events received before that, with their references. Returns how many. */
  deleteReceivedBefore(at: Date, limit: number): Promise<number>;
}
