import { isId } from "@tandem/kernel";

/** ISO 4217: most currencies have two decimals, these have none or three. */
const DECIMALS: Readonly<Record<string, number>> = {
  BHD: 3,
  CLP: 0,
  ISK: 0,
  JOD: 3,
  JPY: 0,
  KRW: 0,
  KWD: 3,
  OMR: 3,
  TND: 3,
  VND: 0,
  XAF: 0,
  XOF: 0,
};
const MOST_MINOR = 10_000_000_000n;

export interface PriceFault {
  readonly field: string;
  readonly message: string;
}

/** A price as people write it (`12.50`), in the currency's smallest unit; or what is wrong with the row. */
export const parsePrice = (row: {
  readonly productId: string;
  readonly currency: string;
  readonly price: string;
}): bigint | PriceFault => {
  if (!isId(row.productId)) return { field: "product_id", message: "is no product's id" };
  if (!/^[A-Z]{3}$/.test(row.currency)) return { field: "currency", message: "is no currency" };
  const decimals = DECIMALS[row.currency] ?? 2;
  const [, whole = "", , fraction = ""] = /^(\d{1,13})(\.(\d+))?$/.exec(row.price) ?? [];
  if (whole === "") return { field: "price", message: "is no amount such as 12.50" };
  if (fraction.length > decimals) return { field: "price", message: `has more than ${decimals} decimals` };
  const minor = BigInt(whole + fraction.padEnd(decimals, "0"));
  if (minor <= 0n || minor > MOST_MINOR) return { field: "price", message: "is not between one unit and ten billion" };
  return minor;
};

/** More or less by hundredths of a percent, to the nearest unit (half up), never less than one and never more than can be set. */
export const changeByShare = (minor: bigint, basisPoints: number): bigint => {
  const changed = (minor * BigInt(10_000 + basisPoints) * 2n + 10_000n) / 20_000n;
  if (changed < 1n) return 1n;
  return changed > MOST_MINOR ? MOST_MINOR : changed;
};
