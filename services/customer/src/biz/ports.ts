import type { UnitOfWork } from "@tandem/kernel";
import type { AddressBook } from "../model/address-book.ts";
import type { Customer } from "../model/customer.ts";
import type { CustomerEvent } from "../model/customer-events.ts";
import type { OrderRecord, OrderStatistics } from "../model/order-statistics.ts";
import type { Segment } from "../model/segment.ts";

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

export interface CustomerCriteria {
  readonly segment?: Segment | undefined;
  /** How the address begins, in capitals or not. */
  readonly emailPrefix?: string | undefined;
}

/** Reads outside a transaction. */
export interface CustomerReader {
  /** @throws AppError `customer.not_found` */
  getById(customerId: string): Promise<Customer>;
  listByCriteria(criteria: CustomerCriteria, page: PageRequest): Promise<Page<Customer>>;
  /** Not erased, with a latest order before `orderedBefore`, and not dormant yet: the first by id after `afterId`. */
  listFallingAsleep(orderedBefore: Date, afterId: string, limit: number): Promise<readonly string[]>;
  /** How many there are of each segment, and how many were forgotten. */
  countBySegment(): Promise<Readonly<Partial<Record<Segment | "erased", number>>>>;
}

export interface AddressReader {
  listByCustomerId(customerId: string): Promise<AddressBook>;
}

export interface OrderRecordReader {
  /** Zeroes for a customer without orders. */
  getStatistics(customerId: string): Promise<OrderStatistics>;
  /** All of them, newest first. */
  listByCustomerId(customerId: string): Promise<readonly OrderRecord[]>;
}

export interface CustomerRepository {
  /** Locks the row until the end of the transaction. */
  lockById(customerId: string): Promise<Customer | undefined>;
  /** False when the customer is there already, forgotten or not. */
  createIfAbsent(customer: Customer): Promise<boolean>;
  update(customer: Customer): Promise<void>;
}

/** Behind the customer's lock. */
export interface AddressRepository {
  listByCustomerId(customerId: string): Promise<AddressBook>;
  /** Writes what differs between the two. */
  replace(before: AddressBook, after: AddressBook): Promise<void>;
}

/** The inbox row of the event in hand: written by the first statement that the event leads to, and a duplicate goes no further. */
export interface InboxRow {
  readonly consumer: string;
  readonly eventId: string;
  written(fresh: boolean): void;
}

/** What an event about an order is held against. */
export interface KnownOrder {
  readonly statistics: OrderStatistics;
  readonly before: OrderRecord | undefined;
  /** The customer's; undefined for somebody who has not registered yet, or who was forgotten. */
  readonly segment: Segment | undefined;
}

export interface OrderRecordNotes {
  /**
   * Takes a snapshot that moves no figure, or that is old, in one statement with the event's inbox row, which is told.
   * @returns false when it does move something, or may: then nothing was written
   */
  noteOnce(record: OrderRecord, once: InboxRow, signal?: AbortSignal): Promise<boolean>;
}

export interface OrderRecordRepository {
  /** Opens the customer's statistics when there are none, and locks them until the end of the transaction. */
  lockStatistics(customerId: string): Promise<OrderStatistics>;
  /** The same, once for an event, with what is known of the order: read behind the lock. */
  lockForOrder(orderId: string, customerId: string, once: InboxRow): Promise<KnownOrder>;
  /** Written as the transaction commits: the last that it does. */
  save(record: OrderRecord, statistics: OrderStatistics): void;
}

export interface OutboxPort {
  add(...events: readonly CustomerEvent[]): Promise<void>;
}

/** Locks, everywhere in this order: statistics, customer. Addresses go with the customer's lock. */
export interface Repositories {
  readonly customers: CustomerRepository;
  readonly addresses: AddressRepository;
  readonly orders: OrderRecordRepository;
  readonly outbox: OutboxPort;
}

export type CustomerUnitOfWork = UnitOfWork<Repositories>;
