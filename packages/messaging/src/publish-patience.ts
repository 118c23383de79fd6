export interface PatienceOptions {
  /** At rest. */
  readonly leaseMs: number;
  readonly publishTimeoutMs: number;
  /** The lease never gets longer than this. */
  readonly maxLeaseMs: number;
}

/** How long one batch is held, and how long its publish may take. */
export interface Terms {
  readonly leaseMs: number;
  readonly publishTimeoutMs: number;
}

/**
 * A publish that is given up has mostly been made: it only was not answered in time. Given the same time again it is made again, and each copy is
 * more work for whoever was too slow, so that the next takes longer still: the same few events go out for ever (seen: twenty times each, on two
 * cores with a load of a hundred). So the time doubles with every publish that was not answered, lease and all, and halves with every one that
 * was answered in a quarter of it.
 */
export const createPatience = ({ leaseMs, publishTimeoutMs, maxLeaseMs }: PatienceOptions) => {
  const most = Math.max(1, maxLeaseMs / leaseMs);
  let factor = 1;
  return {
    get terms(): Terms {
      return { leaseMs: Math.round(leaseMs * factor), publishTimeoutMs: Math.round(publishTimeoutMs * factor) };
    },
    /** @param used the terms that it had: several batches that were given up together are one reason */
    gaveUp(used: Terms): void {
      factor = Math.min(most, Math.max(factor, (used.publishTimeoutMs / publishTimeoutMs) * 2));
    },
    answered(tookMs: number): void {
      if (tookMs < (publishTimeoutMs * factor) / 4) factor = Math.max(1, factor / 2);
    },
  };
};

export type Patience = ReturnType<typeof createPatience>;
