/** Ways to misbehave, for tests. Rates are probabilities from 0 to 1; everything is off by default. */
export interface Faults {
  /** Publishing fails, before anything is written. */
  readonly failPublish: number;
  /** Publishing fails although the message was written: the publisher will send it again. */
  readonly failPublishAfter: number;
  /** The app's success is not heard: the message comes again. */
  readonly dropAck: number;
  /** The message is delivered twice, at the same time. */
  readonly duplicate: number;
  /** The message waits before it is delivered, up to `maxDelayMs`. */
  readonly delay: number;
  /** Default 200. */
  readonly maxDelayMs: number;
  /** Share of messages that are delivered out of order. */
  readonly reorder: number;
}

const NONE: Faults = {
  failPublish: 0,
  failPublishAfter: 0,
  dropAck: 0,
  duplicate: 0,
  delay: 0,
  maxDelayMs: 200,
  reorder: 0,
};

export interface FaultInjector {
  readonly current: Faults;
  /** Changes some; the rest stays. */
  set(faults: Partial<Faults>): void;
  /** All off. */
  clear(): void;
  /** Whether it happens this time. */
  hits(fault: Exclude<keyof Faults, "maxDelayMs">): boolean;
  /** A pause for a message that is to be delayed. */
  delayMs(): number;
  random(): number;
}

/** The same seed misbehaves in the same way, as far as the order of events is the same. */
export const createFaults = (initial: Partial<Faults> = {}, seed: number = Date.now()): FaultInjector => {
  let faults: Faults = { ...NONE, ...initial };
  const random = mulberry32(seed);
  return {
    get current() {
      return faults;
    },
    set: (change) => {
      faults = { ...faults, ...change };
    },
    clear: () => {
      faults = NONE;
    },
    hits: (fault) => faults[fault] > 0 && random() < faults[fault],
    delayMs: () => random() * faults.maxDelayMs,
    random,
  };
};

/** A small generator of good enough numbers: Math.random cannot be seeded. */
const mulberry32 = (seed: number) => () => {
  seed = (seed + 0x6d_2b_79_f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
};
