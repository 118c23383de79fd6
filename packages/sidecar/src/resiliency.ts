/** How often and when a failed delivery is tried again. */
export interface RetryPolicy {
  /** Tries after the first. Infinity: for ever. */
  readonly maxRetries: number;
  /** Pause before retry `n`, counted from 1. */
  delayMs(n: number): number;
}

export interface InboundPolicy {
  readonly retry: RetryPolicy;
  /** For one try; undefined: as long as it takes (the lease is the bound). */
  readonly timeoutMs: number | undefined;
}

/** The Resiliency documents, as far as they concern deliveries to the app. */
export interface Resiliency {
  inbound(component: string): InboundPolicy;
}

interface RetrySpec {
  readonly policy?: string;
  readonly duration?: string;
  readonly maxInterval?: string;
  readonly maxRetries?: number;
}

interface Spec {
  readonly policies?: {
    readonly retries?: Record<string, RetrySpec>;
    readonly timeouts?: Record<string, string>;
  };
  readonly targets?: { readonly components?: Record<string, { inbound?: { retry?: string; timeout?: string } }> };
}

const NO_RETRY: RetryPolicy = { maxRetries: 0, delayMs: () => 0 };

export const toResiliency = (documents: readonly { readonly spec?: unknown }[]): Resiliency => {
  const specs = documents.map(({ spec }) => (spec ?? {}) as Spec);
  return {
    inbound: (component) => {
      for (const { policies, targets } of specs) {
        const inbound = targets?.components?.[component]?.inbound;
        if (inbound === undefined) continue;
        const retry = inbound.retry === undefined ? undefined : policies?.retries?.[inbound.retry];
        const timeout = inbound.timeout === undefined ? undefined : policies?.timeouts?.[inbound.timeout];
        return {
          retry: retry === undefined ? NO_RETRY : toRetryPolicy(retry),
          timeoutMs: timeout === undefined ? undefined : parseGoDuration(timeout),
        };
      }
      return { retry: NO_RETRY, timeoutMs: undefined };
    },
  };
};

// Dapr's defaults, which a Resiliency document cannot change.
const INITIAL_MS = 500;
const MULTIPLIER = 1.5;
const JITTER = 0.5;

const toRetryPolicy = (spec: RetrySpec): RetryPolicy => {
  const { policy = "constant", duration = "5s", maxInterval = "60s", maxRetries = -1 } = spec;
  const retries = maxRetries < 0 ? Number.POSITIVE_INFINITY : maxRetries;
  if (policy === "constant") {
    const pause = parseGoDuration(duration);
    return { maxRetries: retries, delayMs: () => pause };
  }
  const longest = parseGoDuration(maxInterval);
  return {
    maxRetries: retries,
    delayMs: (n) => {
      const base = Math.min(longest, INITIAL_MS * MULTIPLIER ** (n - 1));
      return base * (1 - JITTER + 2 * JITTER * Math.random());
    },
  };
};

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `1m30s`, `200ms`, or a bare number of milliseconds. @throws TypeError */
export const parseGoDuration = (text: string): number => {
  if (/^\d+$/.test(text)) return Number(text);
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join("") !== text) throw new TypeError(`duration ${text}`);
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit ?? ""] ?? 0), 0);
};
