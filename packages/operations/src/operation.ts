/** A row that a worker holds: something asked of somebody outside. Its id is the idempotency key over there. */
export interface OperationLease {
  readonly id: string;
  readonly kind: string;
  readonly createdAt: Date;
  /** Fencing token of the lease. */
  readonly token: bigint;
  /** Tries so far, this one included. */
  readonly attempt: number;
  /** The other side may have acted already: ask before asking again. */
  readonly uncertain: boolean;
  /** Of the request that led to it (W3C trace context). */
  readonly traceparent?: string | undefined;
}

/** As the queue hands it out. */
export interface LeasedOperation extends OperationLease {
  /** What it is about: the payment, the shipment. */
  readonly ownerId: string;
}

/** Leases, outside of any longer transaction. */
export interface OperationQueue<O extends OperationLease = LeasedOperation> {
  claim(limit: number, leaseMs: number): Promise<readonly O[]>;
  /** Gives it back for a later try. A stale token changes nothing. */
  postpone(operationId: string, token: bigint, delayMs: number, uncertain: boolean, error: string): Promise<void>;
  /** Leaves it to a person. A stale token changes nothing. */
  park(operationId: string, token: bigint, error: string): Promise<void>;
}

/**
 * How a try ended. `done`: decided and committed; `postponed`: to be tried again; `stale`: somebody else has taken over; `given_up`: parked
 * for a person.
 */
export type RunOutcome = "done" | "postponed" | "stale" | "given_up";

/**
 * Done, and what follows from it is held already: the commit wrote its row as a first claim leaves it (token 1, one attempt, due when the
 * lease ends), so that nobody need claim it. If its holder dies it comes back as any other.
 */
export interface HandedOn<O extends OperationLease> {
  readonly outcome: "done";
  readonly next: O;
}
