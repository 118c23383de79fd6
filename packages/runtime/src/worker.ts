/** Something a worker binary runs from start to shutdown: a cron engine, a consumer host, the outbox relay. */
export interface ContinuousWorker {
  readonly name: string;
  readonly kind: "cron" | "event" | "outbox";
  /**
   * Resolves when the worker runs; rejects when it cannot. `signal` aborts a start in progress and, later, work in
   * flight that outlived the drain.
   */
  start(signal: AbortSignal): Promise<void>;
  /** Takes no new work, finishes what is in flight, resolves. Safe to call twice, and before `start`. */
  stop(): Promise<void>;
  /** Rejects when the worker is no longer making progress. */
  healthCheck(): Promise<void>;
}

/** A composed program: everything started, addresses known. */
export interface Binary {
  readonly name: string;
  /** What listens where: `{ http: "http://127.0.0.1:8001" }`. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Graceful shutdown; idempotent. */
  stop(): Promise<void>;
  /** Rejects when the binary cannot go on by itself. Never resolves. */
  readonly failed: Promise<never>;
}
