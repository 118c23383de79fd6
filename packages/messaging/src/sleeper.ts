/** A sleep that a wake ends, and that a wake from before it began does not let happen. */
export const createSleeper = () => {
  let pending = false;
  let rouse: (() => void) | undefined;
  return {
    wake(): void {
      pending = true;
      rouse?.();
    },
    /** @returns whether it was woken */
    async sleep(ms: number): Promise<boolean> {
      if (!pending && ms > 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          rouse = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        rouse = undefined;
      }
      const woken = pending;
      pending = false;
      return woken;
    },
  };
};
