import { AppError } from "@tandem/kernel";

export interface KeepLeaseOptions {
  /** For the error's message. */
  readonly name: string;
  readonly leaseMs: number;
  /** `performance.now()` from before the lease was asked for: so the end seen here is never later than the store's. */
  readonly grantedAtMs: number;
  /** Extends the lease by `leaseMs`; false: it is somebody else's now. May throw: tried again while time is left. */
  readonly renew: () => Promise<boolean>;
  readonly onLost?: () => void;
}

export interface KeptLease {
  /** Aborted with AppError conflict `lease.lost` once the lease is lost or could not be renewed in time. */
  readonly signal: AbortSignal;
  /** Ends the renewing. The lease itself is the caller's to give back. */
  stop(): void;
}

/** The watchdog of a lease: renews it every third of its time, and says so when it is lost. */
export const keepLease = ({ name, leaseMs, grantedAtMs, renew, onLost }: KeepLeaseOptions): KeptLease => {
  const lost = new AbortController();
  let stopped = false;
  let beatTimer: NodeJS.Timeout | undefined;
  let endTimer: NodeJS.Timeout | undefined;

  const lose = () => {
    if (stopped || lost.signal.aborted) return;
    clearTimeout(beatTimer);
    onLost?.();
    lost.abort(new AppError("conflict", "lease.lost", `The lease ${name} was lost`));
  };
  // A timer of its own, so that a renewal that hangs cannot hide the end.
  const endAt = (endsAtMs: number) => {
    clearTimeout(endTimer);
    endTimer = setTimeout(lose, Math.max(0, endsAtMs - performance.now()));
    endTimer.unref();
  };
  const beat = async () => {
    const sentAtMs = performance.now();
    try {
      const renewed = await renew();
      if (stopped || lost.signal.aborted) return;
      if (!renewed) return lose();
      endAt(sentAtMs + leaseMs);
    } catch {
      // The store may be back before the lease ends; until then it is still ours.
    }
    schedule();
  };
  const schedule = () => {
    if (stopped || lost.signal.aborted) return;
    beatTimer = setTimeout(() => void beat(), leaseMs / 3);
    beatTimer.unref();
  };
  endAt(grantedAtMs + leaseMs);
  schedule();
  return {
    signal: lost.signal,
    stop() {
      stopped = true;
      clearTimeout(beatTimer);
      clearTimeout(endTimer);
    },
  };
};
