import { compareMoney, type Money } from "@tandem/kernel";

/** What a carrier asks for a parcel. */
export interface Rate {
  readonly carrier: string;
  readonly service: string;
  readonly price: Money;
  /** Working days, about. */
  readonly days: number;
}

/** STANDARD: the cheapest; EXPRESS: the fastest. */
export type ServiceLevel = "STANDARD" | "EXPRESS";

const byPrice = (a: Rate, b: Rate) => compareMoney(a.price, b.price);
const byDays = (a: Rate, b: Rate) => a.days - b.days;
const byName = (a: Rate, b: Rate) => (`${a.carrier}/${a.service}` < `${b.carrier}/${b.service}` ? -1 : 1);

/** Cheapest first; of two equally cheap ones the faster. All in one currency. */
export const sortRates = (rates: readonly Rate[]): Rate[] =>
  [...rates].sort((a, b) => byPrice(a, b) || byDays(a, b) || byName(a, b));

/** The rate for a level among carriers that have not refused; undefined: nobody is left. The same rates give the same choice. */
export const chooseRate = (
  rates: readonly Rate[],
  level: ServiceLevel,
  refusedBy: readonly string[] = [],
): Rate | undefined => {
  const open = sortRates(rates.filter(({ carrier }) => !refusedBy.includes(carrier)));
  return level === "STANDARD" ? open[0] : open.sort((a, b) => byDays(a, b) || byPrice(a, b) || byName(a, b))[0];
};
