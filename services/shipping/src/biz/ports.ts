import type { UnitOfWork } from "@tandem/kernel";
import type { Address } from "../model/address.ts";
import type { Booking, LabelData, OperationKind, OperationOutcome } from "../model/operation.ts";
import type { Rate, ServiceLevel } from "../model/rate.ts";
import type { Shipment, ShipmentKind, ShipmentStatus } from "../model/shipment.ts";
import type { ShipmentEvent } from "../model/shipment-events.ts";
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

export interface ShipmentRepository {
  /** @throws AppError `shipping.shipment_not_found` */
  lockById(shipmentId: string): Promise<Shipment>;
  lockByFulfillmentId(fulfillmentId: string): Promise<Shipment | undefined>;
  /** The parcel of a fulfillment that the seller sent for the order: whom and where it went to. Not locked. */
  findSent(orderId: string, sellerId: string): Promise<Shipment | undefined>;
  /** False when the fulfillment or the return has one already. */
  createIfAbsent(shipment: Shipment): Promise<boolean>;
  update(shipment: Shipment): Promise<void>;
  /** What was known before is left as it is. */
  addTracking(shipmentId: string, events: readonly TrackingEvent[]): Promise<void>;
  /** Locks the customer against being forgotten while a shipment is opened for them. */
  isErased(customerId: string): Promise<boolean>;
  /** Remembers it, blanks what is at its end and marks the rest. Returns how many are blank now. */
  eraseCustomer(customerId: string): Promise<number>;
}

export interface NewOperation {
  readonly id: string;
  readonly shipmentId: string;
  readonly kind: OperationKind;
  readonly delayMs: number;
  readonly createdAt: Date;
}

export interface OperationRepository {
  create(operation: NewOperation): Promise<void>;
  /** Whether something is asked of the carrier for this shipment and not decided. */
  isBusy(shipmentId: string): Promise<boolean>;
  /** Closes it. False when the token is not the one of the present lease: somebody else has taken over. */
  finish(operationId: string, token: bigint, outcome: OperationOutcome): Promise<boolean>;
  /** It goes on later, as if it had not been tried. False as with {@link finish}. */
  again(operationId: string, token: bigint, delayMs: number): Promise<boolean>;
}

export interface OutboxPort {
  add(...events: readonly ShipmentEvent[]): Promise<void>;
}

export interface Repositories {
  readonly shipments: ShipmentRepository;
  readonly operations: OperationRepository;
  readonly outbox: OutboxPort;
}

export type ShippingUnitOfWork = UnitOfWork<Repositories>;

/** An operation that a worker holds, with what its call needs. */
export interface HeldOperation {
  readonly id: string;
  /** The shipment. */
  readonly ownerId: string;
  readonly kind: string;
  readonly token: bigint;
  readonly uncertain: boolean;
  /** Of the shipment, as it was when the operation was claimed: nothing but this operation changes them meanwhile. */
  readonly carrier: string;
  readonly trackingNumber: string;
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
