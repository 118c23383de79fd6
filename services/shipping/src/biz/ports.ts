import type { UnitOfWork } from "@tandem/kernel";
import type { Address } from "../model/address.ts";
import type { Booking, LabelData, OperationKind, OperationOutcome } from "../model/operation.ts";
import type { Rate, ServiceLevel } from "../model/rate.ts";
import type { Shipment, ShipmentKind, ShipmentStatus, ShipmentStep } from "../model/shipment.ts";
import type { TrackingEvent } from "../model/tracking.ts";

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string | undefined;
  readonly total?: number | undefined;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly offset?: number | undefined;
}

export interface ShipmentCriteria {
  /** Of one of these: a customer's or a seller's own. Absent: anybody's. */
  readonly owner?: { readonly customerId?: string | undefined; readonly sellerId?: string | undefined } | undefined;
  readonly orderId?: string | undefined;
  readonly sellerId?: string | undefined;
  readonly status?: ShipmentStatus | undefined;
  readonly kind?: ShipmentKind | undefined;
}

export interface ShipmentReader {
  /** @throws AppError `shipping.shipment_not_found` */
  getById(shipmentId: string): Promise<Shipment>;
  /** Newest first. */
  listByCriteria(criteria: ShipmentCriteria, page: PageRequest): Promise<Page<Shipment>>;
  /** Oldest first. */
  listTracking(shipmentId: string): Promise<readonly TrackingEvent[]>;
}

/** Printed labels, kept: a label is rendered once. */
export interface LabelStore {
  find(shipmentId: string): Promise<Uint8Array | undefined>;
  save(shipmentId: string, pdf: Uint8Array): Promise<void>;
}

export interface LabelPrinter {
  /** A6, PDF. */
  print(shipment: Shipment): Promise<Uint8Array>;
}

/** What is asked of the carrier next. */
export interface NewOperation {
  readonly id: string;
  readonly kind: OperationKind;
  /** Until it is due; of one that is held, how long it is left to its holder. */
  readonly delayMs: number;
  /** Whoever writes it goes on with it: nobody need claim it. */
  readonly held: boolean;
  readonly createdAt: Date;
}

/** What becomes of a held operation: it ends with an outcome, or is due again later as if it had not been tried. */
export type OperationChange =
  | { readonly id: string; readonly token: bigint; readonly outcome: OperationOutcome; readonly againInMs?: undefined }
  | { readonly id: string; readonly token: bigint; readonly outcome?: undefined; readonly againInMs: number };

/** A step, with the operation that it comes from and the one that it leads to: written as one, or not at all. */
export interface StepToSave extends Omit<ShipmentStep, "ask"> {
  /** As it was known when the step was decided. */
  readonly before: Shipment;
  readonly from?: OperationChange | undefined;
  readonly next?: NewOperation | undefined;
}

export interface ShipmentRepository {
  /** @throws AppError `shipping.shipment_not_found` */
  lockById(shipmentId: string): Promise<Shipment>;
  /** With the operation; undefined when the token is not the one of its present lease: somebody else has taken over. */
  lockHeld(shipmentId: string, operationId: string, token: bigint): Promise<Shipment | undefined>;
  lockByFulfillmentId(fulfillmentId: string): Promise<Shipment | undefined>;
  /** The parcel of a fulfillment that the seller sent for the order: whom and where it went to. Not locked. */
  findSent(orderId: string, sellerId: string): Promise<Shipment | undefined>;
  /**
   * With what it asks first, and marked when its customer asked to be forgotten, who is locked against asking meanwhile. Undefined when the
   * fulfillment or the return has one already.
   */
  open(shipment: Shipment, next: NewOperation | undefined): Promise<Shipment | undefined>;
  /** With its events. False when the shipment is not as it was known, or the operation is in other hands. */
  save(step: StepToSave): Promise<boolean>;
  /** Locks the customer against being forgotten while a shipment is opened for them. */
  isErased(customerId: string): Promise<boolean>;
  /** Remembers it, blanks what is at its end and marks the rest. Returns how many are blank now. */
  eraseCustomer(customerId: string): Promise<number>;
}

/** Whose inbox remembers which event. */
export interface InboxKey {
  readonly consumer: string;
  readonly eventId: string;
}

/** The inbox row of the event in hand, written by the effect's one statement, which says whether it made a row: without one it is a duplicate. */
export interface Once extends InboxKey {
  /** Throws when the row was there: nothing is done twice. */
  written(fresh: boolean): void;
}

/** The event that a consumer has in hand. `carry`: the effect writes its inbox row itself. */
export interface EventInHand {
  readonly id: string;
  readonly consumer: string;
  readonly carry: () => Once;
}

/** Writes steps by one statement each, outside of any transaction, with their events. */
export interface StepStore {
  /** False as with {@link ShipmentRepository.save}. */
  save(step: StepToSave): Promise<boolean>;
  /** As {@link ShipmentRepository.open}, with the inbox row, whether it opens one or not. */
  open(shipment: Shipment, next: NewOperation | undefined, once: Once, signal?: AbortSignal): Promise<void>;
  /** The usual handing over: of the fulfillment's shipment in that status, not called off and not handed over yet. Otherwise nothing: false. */
  handOver(
    fulfillmentId: string,
    from: ShipmentStatus,
    next: NewOperation,
    key: InboxKey,
    signal?: AbortSignal,
  ): Promise<boolean>;
}

export interface Repositories {
  readonly shipments: ShipmentRepository;
}

export type ShippingUnitOfWork = UnitOfWork<Repositories>;

/** An operation that a worker holds, with what its call needs. */
export interface HeldOperation {
  readonly id: string;
  /** The shipment. */
  readonly ownerId: string;
  readonly kind: string;
  readonly token: bigint;
  readonly attempt: number;
  readonly uncertain: boolean;
  readonly createdAt: Date;
  readonly traceparent?: string | undefined;
  /** As it was when the operation was claimed. What the carrier is told of it is changed by nothing but this operation. */
  readonly shipment: Shipment;
}

/** What a carrier needs to know of a parcel. */
export interface Parcel {
  readonly sender: Address;
  readonly recipient: Address;
  readonly weightGrams: number;
}

export type BookingAnswer =
  | { readonly type: "booked"; readonly booking: Booking }
  | { readonly type: "refused"; readonly text: string };

/**
 * A carrier. Any throw means that nobody knows whether it acted (but `circuit.open`: it was not asked). Label, pickup and cancel may be repeated.
 */
export interface CarrierPort {
  readonly code: string;
  readonly name: string;
  /** Empty: it does not go there, or takes no such parcel. */
  rates(parcel: Parcel, signal: AbortSignal): Promise<readonly Rate[]>;
  /** @param key the carrier's idempotency key */
  book(key: string, service: string, parcel: Parcel, signal: AbortSignal): Promise<BookingAnswer>;
  /** What became of a booking; undefined: it never arrived. */
  findBooking(key: string, signal: AbortSignal): Promise<BookingAnswer | undefined>;
  label(trackingNumber: string, signal: AbortSignal): Promise<LabelData>;
  /** False: it will not. */
  pickUp(trackingNumber: string, signal: AbortSignal): Promise<boolean>;
  /** The whole story so far. */
  track(trackingNumber: string, signal: AbortSignal): Promise<readonly TrackingEvent[]>;
  /** False: too late. */
  cancel(trackingNumber: string, signal: AbortSignal): Promise<boolean>;
}

export interface Quotation {
  readonly rates: readonly Rate[];
  /** Carriers that did not answer. */
  readonly unavailable: readonly string[];
}

export interface NewReturn {
  readonly returnId: string;
  readonly orderId: string;
  readonly customerId: string;
  readonly sellerId: string;
  readonly from: Address;
  readonly lines: readonly { readonly productId: string; readonly quantity: number }[];
}

export interface PackedParcel {
  readonly fulfillmentId: string;
  readonly orderId: string;
  readonly sellerId: string;
  readonly customerId: string;
  readonly warehouseCode: string;
  readonly recipient: Address;
  readonly lines: readonly { readonly productId: string; readonly quantity: number }[];
  readonly weightGrams: number;
}

export interface ExtraParcel {
  readonly orderId: string;
  readonly sellerId: string;
  readonly recipient?: Address | undefined;
  readonly lines: readonly { readonly productId: string; readonly quantity: number }[];
  readonly weightGrams: number;
  readonly serviceLevel: ServiceLevel;
}

/** Makes the operation due that follows a parcel, a parked one too. */
export interface TrackingQueue {
  /** By the carrier's number. False: nothing to follow. */
  hasten(carrier: string, trackingNumber: string): Promise<boolean>;
  /** Parcels on their way that nothing follows, or only something parked: followed again. Returns how many. */
  repair(limit: number): Promise<number>;
}
