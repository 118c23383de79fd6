export interface KnownLine {
  readonly productId: string;
  readonly name: string;
}

/** What of an order we need for events that name its id alone. */
export interface KnownOrder {
  readonly orderId: string;
  /** Undefined while only such events came. */
  readonly customerId: string | undefined;
  readonly lines: readonly KnownLine[];
  /** The order's; 0 while unknown. */
  readonly version: bigint;
}

/** The highest version counts; names of lines that were taken away since are kept: a parcel may still carry them. */
export const learnOrder = (before: KnownOrder, news: KnownOrder): KnownOrder => {
  const [older, newer] = news.version > before.version ? [before, news] : [news, before];
  const names = new Map([...older.lines, ...newer.lines].map((line) => [line.productId, line]));
  return { ...newer, customerId: newer.customerId ?? older.customerId, lines: [...names.values()] };
};

export const unknownOrder = (orderId: string): KnownOrder => ({
  orderId,
  customerId: undefined,
  lines: [],
  version: 0n,
});

/** Whether there is more to remember than a version: of an order's later events most say nothing new here. */
export const isNews = (before: KnownOrder, after: KnownOrder): boolean => {
  const names = productNamesOf(before);
  return before.customerId !== after.customerId || after.lines.some((line) => names.get(line.productId) !== line.name);
};

export const productNamesOf = ({ lines }: KnownOrder): ReadonlyMap<string, string> =>
  new Map(lines.map(({ productId, name }) => [productId, name]));

/** What people call it: the last digits of its id. */
export const orderNumber = (orderId: string): string => orderId.slice(-8).toUpperCase();
