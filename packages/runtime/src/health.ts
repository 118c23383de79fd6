/** Throws, or rejects, when the dependency cannot serve. Must honour `signal`. */
export type HealthCheck = (signal: AbortSignal) => Promise<void>;

export interface CheckResult {
  readonly ok: boolean;
  /** Why not; without secrets, because /readyz shows it. */
  readonly error?: string;
}

export interface Readiness {
  readonly ok: boolean;
  readonly serving: boolean;
  readonly checks: Readonly<Record<string, CheckResult>>;
}

export interface Health {
  /** Adds a dependency that readiness needs. Returns the way to remove it. */
  addCheck(name: string, check: HealthCheck): () => void;
  /** The binary's own switch: false before it is up and from the first moment of shutdown. */
  setServing(serving: boolean): void;
  readonly serving: boolean;
  /** Alive: the event loop turns. Never depends on another system, or its outage would restart every pod. */
  live(): boolean;
  /** Serving and every check passes. Callers at the same time share one round of checks. */
  ready(): Promise<Readiness>;
  /** Told whenever the outcome of readiness changes. Returns the way to unsubscribe. */
  onChange(listener: (ok: boolean) => void): () => void;
}

export interface HealthOptions {
  /** A check that takes longer has failed. Default 2 000. */
  readonly checkTimeoutMs?: number;
}

export const createHealth = ({ checkTimeoutMs = 2_000 }: HealthOptions = {}): Health => {
  const checks = new Map<string, HealthCheck>();
  const listeners = new Set<(ok: boolean) => void>();
  let serving = false;
  let announced = false;
  let round: Promise<Readiness> | undefined;

  const announce = (ok: boolean) => {
    if (ok === announced) return;
    announced = ok;
    for (const listener of listeners) listener(ok);
  };

  const runRound = async (): Promise<Readiness> => {
    const results = await Promise.all(
      [...checks].map(async ([name, check]) => [name, await runCheck(check, checkTimeoutMs)] as const),
    );
    const ok = serving && results.every(([, result]) => result.ok);
    announce(ok);
    return { ok, serving, checks: Object.fromEntries(results) };
  };

  return {
    addCheck: (name, check) => {
      if (checks.has(name)) throw new TypeError(`health check ${name} exists already`);
      checks.set(name, check);
      return () => checks.delete(name);
    },
    setServing: (value) => {
      serving = value;
      announce(value);
    },
    get serving() {
      return serving;
    },
    live: () => true,
    ready: () => {
      round ??= runRound().finally(() => {
        round = undefined;
      });
      return round;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};

const runCheck = async (check: HealthCheck, timeoutMs: number): Promise<CheckResult> => {
  const signal = AbortSignal.timeout(timeoutMs);
  const expired = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error(`no answer within ${timeoutMs} ms`)), { once: true });
  });
  try {
    await Promise.race([check(signal), expired]);
    return { ok: true };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
};
