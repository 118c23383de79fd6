interface Call<I, O> {
  readonly item: I;
  readonly resolve: (answer: O) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * What is asked within one turn of the event loop is done in one go, nothing waits for it: operations that were claimed together are often
 * answered together. When the whole fails each is tried by itself, so that one cannot spoil the others.
 * @param work answers in the order of its items; all of it, or nothing, has happened when it throws
 */
export const groupCalls = <I, O>(work: (items: readonly I[]) => Promise<readonly O[]>): ((item: I) => Promise<O>) => {
  let waiting: Call<I, O>[] = [];

  const settle = async (calls: readonly Call<I, O>[]): Promise<void> => {
    try {
      const answers = await work(calls.map(({ item }) => item));
      for (const [at, { resolve }] of calls.entries()) resolve(answers[at] as O);
    } catch (error) {
      if (calls.length > 1) await Promise.all(calls.map((call) => settle([call])));
      else for (const { reject } of calls) reject(error);
    }
  };

  return (item) =>
    new Promise<O>((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (waiting.length > 1) return;
      setImmediate(() => {
        const calls = waiting;
        waiting = [];
        void settle(calls);
      });
    });
};
