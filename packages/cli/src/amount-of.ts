import { CURRENCY } from "./world.ts";

/** `64.62 EUR` */
export const amountOf = (minor: bigint): string =>
  `${minor / 100n}.${String(minor % 100n).padStart(2, "0")} ${CURRENCY}`;
