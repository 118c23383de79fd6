/**
 * Turns a loader of many into a loader of one: whatever is asked for in one turn of the event loop is loaded in one go. Behind
 * a cache it keeps a batch of misses from becoming a query each.
 */
export const gatherLoads = <V>(loadMany: (keys: readonly string[]) => Promise<ReadonlyMap<string, V>>) => {
  let gathering: { readonly keys: Set<string>; readonly loaded: Promise<ReadonlyMap<string, V>> } | undefined;

  const open = () => {
    const keys = new Set<string>();
    const turn = new Promise<void>((resolve) => setImmediate(resolve));
    const loaded = turn.then(() => {
      gathering = undefined;
      return loadMany([...keys]);
    });
    return { keys, loaded };
  };

  return async (key: string): Promise<V | undefined> => {
    gathering ??= open();
    gathering.keys.add(key);
    return (await gathering.loaded).get(key);
  };
};
