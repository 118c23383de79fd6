export type OrderStatus = "PENDING" | "CONFIRMED" | "SHIPPED" | "DELIVERED" | "COMPLETED" | "CANCELLED" | "RETURNED";

/** What the statistics know of one order: its newest snapshot, and nothing that names a person. */
export interface OrderRecord {
  readonly orderId: string;
  readonly customerId: string;
  /** The order's own: a record with a smaller one is older. */
  readonly version: bigint;
  readonly status: OrderStatus;
  readonly confirmed: boolean;
  readonly currency: string;
  readonly totalMinor: bigint;
  /** Of what has come back. */
  readonly returnedMinor: bigint;
  /** Whether anything has come back. */
  readonly returned: boolean;
  readonly placedAt: Date;
}

/** What a customer's orders add up to. */
export interface OrderStatistics {
  readonly customerId: string;
  /** Confirmed and not cancelled. */
  readonly orders: number;
  readonly cancelled: number;
  readonly returned: number;
  /** Minor units by currency, of `orders`, less what came back. */
  readonly spent: Readonly<Record<string, bigint>>;
  /** When the latest confirmed order was placed, cancelled since or not: the person was there. */
  readonly lastOrderAt?: Date | undefined;
}

export const noOrders = (customerId: string): OrderStatistics => ({
  customerId,
  orders: 0,
  cancelled: 0,
  returned: 0,
  spent: {},
});

const cancelled = ({ status }: OrderRecord): boolean => status === "CANCELLED";
/** Whether the order counts as one. */
export const counts = (record: OrderRecord): boolean => record.confirmed && !cancelled(record);

/** Whether an order's snapshot says anything that the statistics want to know. */
export const isOfInterest = (record: OrderRecord): boolean => record.confirmed || cancelled(record);

const add = (statistics: OrderStatistics, record: OrderRecord | undefined, sign: 1 | -1): OrderStatistics => {
  if (!record) return statistics;
  const one = (yes: boolean): number => (yes ? sign : 0);
  const amount = counts(record) ? record.totalMinor - record.returnedMinor : 0n;
  const { [record.currency]: before = 0n, ...others } = statistics.spent;
  const spent = before + amount * BigInt(sign);
  return {
    ...statistics,
    orders: statistics.orders + one(counts(record)),
    cancelled: statistics.cancelled + one(cancelled(record)),
    returned: statistics.returned + one(record.returned),
    spent: spent === 0n ? others : { ...others, [record.currency]: spent },
  };
};

const later = (a: Date | undefined, b: Date | undefined): Date | undefined => (a && b ? (a > b ? a : b) : (a ?? b));

/** Takes an order's old snapshot out and puts the new one in: what comes out does not depend on the order of the events. */
export const replaceOrder = (
  statistics: OrderStatistics,
  before: OrderRecord | undefined,
  after: OrderRecord,
): OrderStatistics => ({
  ...add(add(statistics, before, -1), after, 1),
  lastOrderAt: later(statistics.lastOrderAt, after.confirmed ? after.placedAt : undefined),
});
