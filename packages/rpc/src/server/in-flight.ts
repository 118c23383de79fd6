/** Counts the calls in progress, and knows when the last one is gone. */
export interface InFlight {
  /** Returns the way out, to be called once; or undefined when draining: the call must be refused. */
  enter(): (() => void) | undefined;
  readonly draining: boolean;
  readonly count: number;
  /** From now on nobody enters. Resolves when all have left. */
  drain(): Promise<void>;
}

export const createInFlight = (): InFlight => {
  let count = 0;
  let drained: PromiseWithResolvers<void> | undefined;
  return {
    enter: () => {
      if (drained !== undefined) return undefined;
      count += 1;
      let left = false;
      return () => {
        if (left) return;
        left = true;
        count -= 1;
        if (count === 0) drained?.resolve();
      };
    },
    get draining() {
      return drained !== undefined;
    },
    get count() {
      return count;
    },
    drain: () => {
      if (drained === undefined) {
        drained = Promise.withResolvers();
        if (count === 0) drained.resolve();
      }
      return drained.promise;
    },
  };
};
