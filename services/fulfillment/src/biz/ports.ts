import type { UnitOfWork } from "@tandem/kernel";
import type { Fulfillment, FulfillmentStatus, UsualMove } from "../model/fulfillment.ts";
import type { FulfillmentEvent } from "../model/fulfillment-events.ts";

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

export interface FulfillmentCriteria {
  readonly status?: FulfillmentStatus | undefined;
  readonly sellerId?: string | undefined;
  readonly orderId?: string | undefined;
  readonly warehouseCode?: string | undefined;
  readonly flagged?: boolean | undefined;
}

/** Reads outside a transaction. */
export interface FulfillmentReader {
  /** @throws AppError `fulfillment.not_found` */
  getById(fulfillmentId: string): Promise<Fulfillment>;
  /** Newest first. */
  listByCriteria(criteria: FulfillmentCriteria, page: PageRequest): Promise<Page<Fulfillment>>;
  /** Not at an end, in the same status since before `since`, and not flagged yet; oldest first. */
  listUnflagged(since: Date, limit: number): Promise<readonly Fulfillment[]>;
  /** By status, of those that are not at an end and in it since before `since`. */
  countStale(since: Date): Promise<Readonly<Partial<Record<FulfillmentStatus, number>>>>;
}

export interface FulfilledOrder {
  readonly orderId: string;
  readonly cancelled: boolean;
}

/** Whose inbox remembers which event. */
export interface InboxKey {
  readonly consumer: string;
  readonly eventId: string;
}

/** The inbox row of the event in hand, to be written by the effect's first statement, which says whether it made a row: without one it is a duplicate. */
export interface Once extends InboxKey {
  /** Throws when the row was there: nothing is done twice. */
  written(fresh: boolean): void;
}

/** The effect writes the inbox row itself; to be called before its transaction begins. */
export type Carry = () => Once;

/** The event that a consumer has in hand. */
export interface EventInHand {
  readonly id: string;
  readonly consumer: string;
  readonly carry: Carry;
}

/** By one statement, outside of any transaction. */
export interface OpeningStore {
  /** Of an order that was never heard of, with the order, the events and the inbox row: true. Otherwise nothing: false. */
  openFirst(
    orderId: string,
    fulfillments: readonly Fulfillment[],
    events: readonly FulfillmentEvent[],
    key: InboxKey,
    signal?: AbortSignal,
  ): Promise<boolean>;
}

export interface FulfillmentRepository {
  /** @throws AppError `fulfillment.not_found` */
  lockById(fulfillmentId: string): Promise<Fulfillment>;
  /** All of an order, locked by id. The order must have been locked before. */
  lockByOrderId(orderId: string): Promise<readonly Fulfillment[]>;
  /** What a crew may work on: PENDING or PICKING since before `since`; rows that somebody else holds are passed by. */
  lockDue(since: Date, limit: number): Promise<readonly Fulfillment[]>;
  create(fulfillments: readonly Fulfillment[]): Promise<void>;
  /** One that is where such a move begins, without reading it first; as it is afterwards. Otherwise nothing. Writes the inbox row. */
  move(fulfillmentId: string, move: UsualMove, now: Date, once: Once): Promise<Fulfillment | undefined>;
  /** At the commit; the row must have been locked in this transaction. */
  update(fulfillment: Fulfillment): Promise<void>;
}

export interface FulfilledOrderRepository {
  /** Locks the order until the end of the transaction, as an unknown one too. Before any of its fulfillments. */
  lock(orderId: string): Promise<FulfilledOrder>;
  /** Nothing of it is opened from now on. */
  markCancelled(orderId: string, at: Date): Promise<void>;
}

export interface OutboxPort {
  add(...events: readonly FulfillmentEvent[]): Promise<void>;
}

export interface Repositories {
  readonly fulfillments: FulfillmentRepository;
  readonly orders: FulfilledOrderRepository;
  readonly outbox: OutboxPort;
}

export type FulfillmentUnitOfWork = UnitOfWork<Repositories>;
