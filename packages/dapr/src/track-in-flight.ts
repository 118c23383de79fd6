/** Counts work in flight, and turns new work away once asked to. */
export interface InFlight {
  readonly refusing: boolean;
  run<T>(work: () => Promise<T>): Promise<T>;
  refuse(): void;
  /** Resolves when nothing is in flight: true; or after `timeoutMs`: false. */
  idle(timeoutMs: number): Promise<boolean>;
}

export const createInFlight = (): InFlight => {
  let count = 0;
  let refusing = false;
  let waiting: (() => void)[] = [];
  return {
    get refusing() {
      return refusing;
    },
    run: async (work) => {
      count++;
      try {
        return await work();
      } finally {
        count--;
        if (count === 0) {
          for (const resolve of waiting) resolve();
          waiting = [];
        }
      }
    },
    refuse: () => {
      refusing = true;
    },
    idle: (timeoutMs) =>
      count === 0
        ? Promise.resolve(true)
        : new Promise((resolve) => {
            const timer = setTimeout(resolve, timeoutMs, false);
            waiting.push(() => {
              clearTimeout(timer);
              resolve(true);
            });
          }),
  };
};
