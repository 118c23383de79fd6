import type { UnitOfWork } from "@tandem/kernel";
import type { Operation, OperationKind, OperationOutcome, Refund } from "../model/operation.ts";
import type { MethodKind, Payment, PaymentStatus } from "../model/payment.ts";
import type { PaymentEvent } from "../model/payment-events.ts";
import type { ClaimState, ClaimStatus, RefundClaim, RetryPolicy } from "../model/refund-claim.ts";
import type { Settlement } from "../model/settlement.ts";
import type { BankLine, OwnMovement, SettlementFile } from "../model/settlement-file.ts";

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

export interface PaymentCriteria {
  readonly orderId?: string | undefined;
  readonly customerId?: string | undefined;
  readonly status?: PaymentStatus | undefined;
}

export interface PaymentReader {
  /** @throws AppError `payment.not_found` */
  getById(paymentId: string): Promise<Payment>;
  listByIds(paymentIds: readonly string[]): Promise<readonly Payment[]>;
  /** Newest first. */
  listByCriteria(criteria: PaymentCriteria, page: PageRequest): Promise<Page<Payment>>;
}

export interface RefundReader {
  /** By payment, oldest first; payments without a refund are absent. One statement for any number of payments. */
  mapByPaymentIds(paymentIds: readonly string[]): Promise<ReadonlyMap<string, readonly Refund[]>>;
}

export interface SettlementReader {
  /** @throws AppError `payment.settlement_not_found` */
  getById(settlementId: string): Promise<Settlement>;
  listByCurrency(currency: string | undefined, page: PageRequest): Promise<Page<Settlement>>;
}

export interface PaymentRepository {
  /** @throws AppError `payment.not_found` */
  lockById(paymentId: string): Promise<Payment>;
  lockByOrderId(orderId: string): Promise<Payment | undefined>;
  /** False when the order has a payment already. */
  createIfAbsent(payment: Payment): Promise<boolean>;
  update(payment: Payment): Promise<void>;
}

export interface OperationRepository {
  create(operation: Operation): Promise<void>;
  /** What is asked of the provider for this payment and not decided; at most one thing. */
  findOpenKind(paymentId: string): Promise<OperationKind | undefined>;
  /** Closes it with its outcome. False when the token is not the one of the present lease: somebody else has taken over. */
  finish(operationId: string, token: bigint, outcome: OperationOutcome): Promise<boolean>;
}

/** Behind the payment's lock. */
export interface ClaimRepository {
  /** False when it was made before. */
  createIfAbsent(claim: RefundClaim): Promise<boolean>;
  /** Oldest first. */
  listByPaymentId(paymentId: string, currency: string): Promise<readonly RefundClaim[]>;
  updateStatus(claimId: string, status: ClaimStatus, operationId?: string): Promise<void>;
  /** One that the provider refused is due again. False when it is not one of those. */
  reopenFailed(claimId: string): Promise<boolean>;
  /** What became of the refund that was asked for it; refunds without a claim change nothing. */
  decide(operationId: string, status: "DONE" | "FAILED", at: Date): Promise<void>;
  /** Money of a refused return went back otherwise: it is not asked for again. */
  closeRefused(paymentId: string, reason: string): Promise<void>;
}

/** Reads outside a transaction. */
export interface ClaimReader {
  /** Refused ones whose pause is over by `now`, and that were not refused too often; oldest first. */
  listToRetry(
    policy: RetryPolicy,
    now: Date,
    limit: number,
  ): Promise<readonly { readonly id: string; readonly paymentId: string }[]>;
  /** Those that are not paid, without cancelled orders', whose money goes back as a whole. States that none is in are absent. */
  countOpen(policy: Pick<RetryPolicy, "maxTries">): Promise<ReadonlyMap<ClaimState, number>>;
}

export interface SettlementRepository {
  /** Writes it and marks the payments that were captured in it. */
  create(settlement: Settlement, paymentIds: readonly string[]): Promise<void>;
}

export interface SettlementFileReader {
  /** @throws AppError `payment.settlement_file_not_found` */
  getById(fileId: string): Promise<SettlementFile>;
  listSettledDays(provider: string, days: readonly string[]): Promise<ReadonlySet<string>>;
  /** Newest day first. */
  listByStatus(status: SettlementFile["status"] | undefined, page: PageRequest): Promise<Page<SettlementFile>>;
}

export interface SettlementFileRepository {
  /** Until the end of the transaction: imports of one day take turns. */
  lockDay(provider: string, day: string): Promise<void>;
  findByDay(provider: string, day: string): Promise<SettlementFile | undefined>;
  /** Those of the operations that another file names already. */
  listNamedElsewhere(operationIds: readonly string[], exceptFileId: string | undefined): Promise<ReadonlySet<string>>;
  /** Captures and refunds of cards that succeeded, of these operations. */
  listMovements(operationIds: readonly string[]): Promise<readonly OwnMovement[]>;
  /** Those of a time that neither these operations nor any other file name; 1000 at most. */
  listUnnamed(
    period: { readonly from: Date; readonly to: Date },
    operationIds: readonly string[],
    exceptFileId: string | undefined,
  ): Promise<readonly OwnMovement[]>;
  /** Payments that these operations captured and that are not settled. Locks them. */
  listCapturedPayments(operationIds: readonly string[]): Promise<readonly string[]>;
  /** Writes the file and its lines in the place of what was there. */
  replace(file: SettlementFile, lines: readonly BankLine[]): Promise<void>;
}

/** Where a provider leaves its daily files. */
export interface SettlementFiles {
  readonly provider: string;
  /** Undefined: there is none, or not yet. */
  fetch(day: string, signal: AbortSignal): Promise<string | undefined>;
}

export interface OutboxPort {
  add(...events: readonly PaymentEvent[]): Promise<void>;
}

export interface Repositories {
  readonly payments: PaymentRepository;
  readonly operations: OperationRepository;
  readonly claims: ClaimRepository;
  readonly settlements: SettlementRepository;
  readonly files: SettlementFileRepository;
  readonly outbox: OutboxPort;
}

export type PaymentUnitOfWork = UnitOfWork<Repositories>;

/** An operation that a worker holds. */
export interface LeasedOperation extends Operation {
  /** Fencing token of the lease. */
  readonly token: bigint;
  /** Calls so far, this one included. */
  readonly attempt: number;
  /** The provider may have acted already: ask before asking again. */
  readonly uncertain: boolean;
  readonly method: MethodKind;
  readonly cardToken: string;
  readonly providerReference: string;
  /** Of the request that led to it (W3C trace context). */
  readonly traceparent?: string | undefined;
}

/** Leases, outside of any longer transaction. */
export interface OperationQueue {
  claim(limit: number, leaseMs: number): Promise<readonly LeasedOperation[]>;
  /** Gives it back for a later try. A stale token changes nothing. */
  postpone(operationId: string, token: bigint, delayMs: number, uncertain: boolean, error: string): Promise<void>;
  /** Leaves it to a person. A stale token changes nothing. */
  park(operationId: string, token: bigint, error: string): Promise<void>;
}

/** News from the provider about an operation; other news names none. */
export interface ProviderWebhook {
  readonly provider: string;
  /** Unique at the provider. */
  readonly eventId: string;
  readonly operationId?: string | undefined;
  readonly body: string;
}

export interface WebhookInbox {
  /** False when it was stored before. */
  store(webhook: ProviderWebhook): Promise<boolean>;
  /** Makes the operations due that stored webhooks name, parked ones included. Any number of callers at a time. */
  workOff(limit: number): Promise<{ readonly done: number; readonly postponed: number; readonly abandoned: number }>;
}

export interface ProviderRequest {
  /** The provider's idempotency key. */
  readonly operationId: string;
  readonly kind: OperationKind;
  readonly amount: { readonly currency: string; readonly minor: bigint };
  readonly cardToken: string;
  readonly providerReference: string;
}

export type ProviderAnswer = OperationOutcome | { readonly type: "pending" };

/** A card provider. Any throw means that nobody knows whether it acted. */
export interface CardProvider {
  execute(request: ProviderRequest, signal: AbortSignal): Promise<ProviderAnswer>;
  /** What became of an operation; undefined: it never arrived. */
  lookup(operationId: string, signal: AbortSignal): Promise<ProviderAnswer | undefined>;
}
