import type { UnitOfWork } from "@tandem/kernel";
import type { Drift, DriftStatus, Evidence } from "../model/drift.ts";
import type { Movement } from "../model/movement.ts";
import type { Reservation } from "../model/reservation.ts";
import type { Stock } from "../model/stock.ts";
import type { WarehouseEvent } from "../model/warehouse-events.ts";

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

/** Reads outside a transaction. */
export interface StockReader {
  /** @throws AppError `warehouse.stock_not_found` */
  getByProductId(productId: string): Promise<Stock>;
  listByProductIds(productIds: readonly string[]): Promise<readonly Stock[]>;
  listByCriteria(criteria: { sellerId?: string | undefined }, page: PageRequest): Promise<Page<Stock>>;
}

export interface StockRepository {
  /** Locks the rows until the end of the transaction, in product order; unknown products are absent from the map. */
  lockByProductIds(productIds: readonly string[]): Promise<ReadonlyMap<string, Stock>>;
  /** Does nothing for a product that already has a record. Returns whether it was created. */
  createIfAbsent(stock: Stock): Promise<boolean>;
  /** The rows must have been locked in this transaction. */
  updateQuantities(stocks: readonly Stock[]): Promise<void>;
  /** Seller and whether it is discontinued. The row must have been locked in this transaction. */
  updateProduct(stock: Stock): Promise<void>;
}

export interface ReservationReader {
  /** @throws AppError `warehouse.reservation_not_found` */
  getByOrderId(orderId: string): Promise<Reservation>;
}

export interface ReservationRepository {
  /** Locks the reservation until the end of the transaction. */
  lockByOrderId(orderId: string): Promise<Reservation | undefined>;
  /** Locks up to `limit` held reservations that expired before `at` and that nobody else has locked. */
  lockExpired(at: Date, limit: number): Promise<readonly Reservation[]>;
  /** False when the order has a reservation already: somebody else was faster. */
  createIfAbsent(reservation: Reservation): Promise<boolean>;
  updateStatus(reservation: Reservation): Promise<void>;
  updateLines(reservation: Reservation): Promise<void>;
}

export interface MovementReader {
  listByProductId(productId: string, page: PageRequest): Promise<Page<Movement>>;
}

export interface MovementRepository {
  createMany(movements: readonly Movement[]): Promise<void>;
}

export interface ReconciliationReader {
  /** Products whose stock differs from the sum of their movements, or from what reservations hold: one snapshot. */
  listDiffering(limit: number): Promise<readonly Evidence[]>;
  /** One product as of now; behind its stock's lock nothing of it is in flight. */
  getEvidence(productId: string): Promise<Evidence>;
}

export interface DriftReader {
  /** Newest first. */
  listByStatus(status: DriftStatus | undefined, page: PageRequest): Promise<Page<Drift>>;
}

export interface DriftRepository {
  /** Opens a drift for each, or brings the open one up to date. */
  record(found: readonly Evidence[], newId: () => string, at: Date): Promise<void>;
  /** Open ones of other products are there no more. */
  endOthers(productIds: readonly string[], at: Date): Promise<void>;
  end(productId: string, status: Exclude<DriftStatus, "OPEN">, at: Date): Promise<void>;
  note(productId: string, note: string): Promise<void>;
}

export interface ReturnRepository {
  /** False when the return's pieces are back already. */
  createIfAbsent(returned: { returnId: string; orderId: string; at: Date }): Promise<boolean>;
}

export interface OutboxPort {
  add(...events: readonly WarehouseEvent[]): Promise<void>;
}

export interface Repositories {
  readonly stocks: StockRepository;
  readonly reservations: ReservationRepository;
  readonly movements: MovementRepository;
  readonly drifts: DriftRepository;
  readonly returns: ReturnRepository;
  readonly evidence: Pick<ReconciliationReader, "getEvidence">;
  readonly outbox: OutboxPort;
}

export type WarehouseUnitOfWork = UnitOfWork<Repositories>;
