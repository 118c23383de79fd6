export interface Random {
  /** 0 to below 1. */
  next(): number;
  /** A whole number from 0 to below `n`. */
  below(n: number): number;
  pick<T>(from: readonly T[]): T;
  /** As `pick`, the first ones far more often than the last: how products sell. */
  pickPopular<T>(from: readonly T[]): T;
}

/** The same seed gives the same numbers (mulberry32). */
export const createRandom = (seed: number): Random => {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const at = <T>(from: readonly T[], index: number): T => {
    const found = from[index];
    if (found === undefined) throw new RangeError("nothing to pick from");
    return found;
  };
  return {
    next,
    below: (n) => Math.floor(next() * n),
    pick: (from) => at(from, Math.floor(next() * from.length)),
    pickPopular: (from) => at(from, Math.floor(next() ** 2.5 * from.length)),
  };
};
