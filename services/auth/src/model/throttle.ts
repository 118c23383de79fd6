/** Failed attempts on one address. */
export interface Attempts {
  readonly failed: number;
  readonly lockedUntil: Date | undefined;
  readonly lastAt: Date;
}

export interface ThrottlePolicy {
  /** The failure that locks first. */
  readonly threshold: number;
  /** The first lock; each further failure doubles it. */
  readonly baseLockMs: number;
  readonly maxLockMs: number;
  /** After so long without an attempt all is forgiven. */
  readonly forgetMs: number;
}

export type Admission =
  | { readonly kind: "locked"; readonly until: Date }
  | { readonly kind: "admitted"; readonly after: Attempts };

/**
 * Counts an attempt as failed before its password is looked at; success takes it back. A hundred guesses at once thus are a hundred attempts, of which all
 * but the first few find the address locked.
 */
export const admitAttempt = (before: Attempts | undefined, now: Date, policy: ThrottlePolicy): Admission => {
  const recent = before !== undefined && now.getTime() - before.lastAt.getTime() < policy.forgetMs ? before : undefined;
  if (recent?.lockedUntil !== undefined && recent.lockedUntil.getTime() > now.getTime())
    return { kind: "locked", until: recent.lockedUntil };
  const failed = (recent?.failed ?? 0) + 1;
  return { kind: "admitted", after: { failed, lockedUntil: lockAfter(failed, now, policy), lastAt: now } };
};

/** What was counted and never decided (the server was too busy to look) is given back. */
export const takeBack = (attempts: Attempts, now: Date, policy: ThrottlePolicy): Attempts => {
  const failed = Math.max(0, attempts.failed - 1);
  const lockedUntil = failed < policy.threshold ? undefined : attempts.lockedUntil;
  return { failed, lockedUntil, lastAt: now };
};

const lockAfter = (failed: number, now: Date, policy: ThrottlePolicy): Date | undefined => {
  const beyond = failed - policy.threshold;
  if (beyond < 0) return undefined;
  return new Date(now.getTime() + Math.min(policy.maxLockMs, policy.baseLockMs * 2 ** Math.min(beyond, 30)));
};
