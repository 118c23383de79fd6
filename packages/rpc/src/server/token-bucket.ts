export interface Allowance {
  readonly allowed: boolean;
  /** Calls left right now. */
  readonly remaining: number;
  /** Milliseconds until a call is possible (when refused), or until the bucket is full. */
  readonly resetMs: number;
}

export interface TokenBuckets {
  take(key: string, rate: { readonly perSecond: number; readonly burst: number }, nowMs: number): Allowance;
  /** Leaves the bucket at most so many tokens, as somebody else took from it. Below zero it has to fill up first. */
  lower(key: string, tokens: number): void;
  readonly size: number;
}

/**
 * Token buckets in memory, at most `maxKeys` (the least recently used goes first, which is a full bucket to its owner).
 * Ours and not rate-limiter-flexible's: its memory limiter counts in fixed windows (twice the rate passes at a border), keeps a timer
 * per key and has no bound on keys, which callers choose.
 */
export const createTokenBuckets = (maxKeys = 50_000): TokenBuckets => {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return {
    take: (key, { perSecond, burst }, nowMs) => {
      const bucket = buckets.get(key) ?? { tokens: burst, atMs: nowMs };
      buckets.delete(key);
      if (buckets.size >= maxKeys) buckets.delete(buckets.keys().next().value as string);
      buckets.set(key, bucket);
      bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, nowMs - bucket.atMs) * perSecond) / 1000);
      bucket.atMs = nowMs;
      const allowed = bucket.tokens >= 1;
      if (allowed) bucket.tokens -= 1;
      const missing = allowed ? burst - bucket.tokens : 1 - bucket.tokens;
      return { allowed, remaining: Math.floor(bucket.tokens), resetMs: Math.ceil((missing * 1000) / perSecond) };
    },
    lower: (key, tokens) => {
      const bucket = buckets.get(key);
      if (bucket !== undefined) bucket.tokens = Math.min(bucket.tokens, tokens);
    },
    get size() {
      return buckets.size;
    },
  };
};
