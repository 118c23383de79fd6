/** A deviation that the suite knows of, and asserts: when it goes away, the suite says so. */
export interface KnownDifference {
  readonly embedded: string | number | boolean;
  readonly daprd: string | number | boolean;
  readonly why: string;
}

/** Everything in which the embedded sidecar and daprd 1.18.3 (on Redis and Postgres) differ, as far as we know. */
export const knownDifferences = {
  runtimeVersion: {
    embedded: "1.18.3-embedded",
    daprd: "1.18.3",
    why: "so that nobody takes one for the other",
  },
  outboxDelayMs: {
    embedded: 0,
    daprd: 1_000,
    why: "daprd sleeps for a second before it looks whether the transaction was committed; the embedded one publishes in the transaction itself",
  },
  redeliveryAfterCrashMs: {
    embedded: 0,
    daprd: 3_000,
    why: "Redis gives a message of a dead consumer away after processingTimeout (30 s in components/local, 3 s here); Postgres tells at once who is gone",
  },
  subscriptionsAskedAgain: {
    embedded: true,
    daprd: false,
    why: "the embedded sidecar outlives its apps and asks at each start of an app; daprd asks once in its life",
  },
} as const satisfies Record<string, KnownDifference>;
