import { keepLease } from "./keep-lease.ts";
import { wait } from "./wait.ts";

export interface LeaseGrant {
  /** Grows with every grant of the same name: writers pass it on, stores refuse smaller ones. */
  readonly token: bigint;
}

/** Where leases live. Time is the store's own: `leaseMs` counts from its clock. */
export interface LeaseStore {
  /** Grants the lease if nobody holds it or its holder's lease has run out; else `undefined`. */
  acquire(name: string, owner: string, leaseMs: number): Promise<LeaseGrant | undefined>;
  /** Extends the lease if it is still this owner's with this token; false: it is lost. */
  renew(name: string, owner: string, token: bigint, leaseMs: number): Promise<boolean>;
  /** Ends the lease if it is still this owner's with this token; somebody else's is left alone. */
  release(name: string, owner: string, token: bigint): Promise<boolean>;
}

export interface LeaseLockOptions {
  readonly store: LeaseStore;
  /** Distinguishes holders; unique per process, e.g. `order-worker-7f9c`. */
  readonly owner: string;
  /** How long a crashed holder keeps others out. Renewed every third of it. 100 or more. Default 15000. */
  readonly leaseMs?: number;
  /** Pause between tries of `acquire`, with jitter. Default 200. */
  readonly pollMs?: number;
  readonly onLost?: (name: string) => void;
}

export interface Lease extends AsyncDisposable {
  readonly name: string;
  readonly token: bigint;
  /** Aborted with AppError conflict `lease.lost` when the lease is lost or could not be renewed in time. */
  readonly signal: AbortSignal;
  /** Stops renewing and gives the lease back. Safe to repeat. */
  release(): Promise<void>;
}

export interface LeaseLock {
  /** One try; `undefined` if somebody else holds it. */
  tryAcquire(name: string): Promise<Lease | undefined>;
  /** Waits until it is free. @throws the signal's reason */
  acquire(name: string, signal?: AbortSignal): Promise<Lease>;
}

/** A lock across processes that ends by itself when its holder dies, with a watchdog that keeps it while the holder lives. */
export const createLeaseLock = (options: LeaseLockOptions): LeaseLock => {
  const { store, owner, leaseMs = 15_000, pollMs = 200, onLost } = options;

  const hold = (name: string, token: bigint, grantedAtMs: number): Lease => {
    const kept = keepLease({
      name,
      leaseMs,
      grantedAtMs,
      renew: () => store.renew(name, owner, token, leaseMs),
      ...(onLost && { onLost: () => onLost(name) }),
    });
    let released: Promise<unknown> | undefined;
    const release = async () => {
      kept.stop();
      released ??= kept.signal.aborted ? Promise.resolve() : store.release(name, owner, token);
      await released;
    };
    return { name, token, signal: kept.signal, release, [Symbol.asyncDispose]: release };
  };

  const tryAcquire = async (name: string) => {
    const sentAtMs = performance.now();
    const grant = await store.acquire(name, owner, leaseMs);
    return grant && hold(name, grant.token, sentAtMs);
  };

  return {
    tryAcquire,
    async acquire(name, signal) {
      for (;;) {
        signal?.throwIfAborted();
        const lease = await tryAcquire(name);
        if (lease) return lease;
        await wait(pollMs * (0.5 + Math.random()), signal);
      }
    },
  };
};
