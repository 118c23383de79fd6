/** Names one attempt to do one thing once. */
export interface IdempotencyKey {
  /** Subject of the principal: keys of different callers never meet. */
  readonly principal: string;
  /** `tandem.order.v1.OrderService/CreateOrder`. */
  readonly method: string;
  /** 1 to 255 characters of `[A-Za-z0-9._:-]`. */
  readonly key: string;
}

export type IdempotencyOutcome =
  /** Execute; hand the token to `complete` or `abandon`. */
  | { readonly kind: "new"; readonly token: string }
  /** Someone executes it right now. */
  | { readonly kind: "in_progress" }
  /** It was executed: this is the response's bytes. */
  | { readonly kind: "replay"; readonly response: Uint8Array }
  /** The key was used for another request. */
  | { readonly kind: "mismatch" };

/**
 * Remembers responses by key. An entry in progress is leased: when its process dies, a later `begin` takes it over after the lease, and the
 * token of the dead one completes nothing.
 */
export interface IdempotencyStore {
  /** `leaseMs`: how long the execution may take; beyond it another caller may take over. */
  begin(
    id: IdempotencyKey,
    requestHash: Uint8Array,
    leaseMs: number,
    signal?: AbortSignal,
  ): Promise<IdempotencyOutcome>;
  /** Keeps the response. False when the lease was lost: someone else executed, or executes. */
  complete(id: IdempotencyKey, token: string, response: Uint8Array): Promise<boolean>;
  /** Forgets the attempt, so that a retry executes. */
  abandon(id: IdempotencyKey, token: string): Promise<void>;
}
