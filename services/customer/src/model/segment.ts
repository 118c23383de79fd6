import type { OrderStatistics } from "./order-statistics.ts";

export type Segment = "new" | "regular" | "loyal" | "vip" | "dormant";

const DAY_MS = 86_400_000;

/** Where one segment ends and the next begins. Amounts in minor units, of any one currency. */
export const SEGMENT_RULES = {
  regularFromOrders: 2,
  loyalFromOrders: 5,
  vipFromOrders: 20,
  vipFromSpentMinor: 200_000n,
  dormantAfterMs: 180 * DAY_MS,
} as const;

/** Orders placed before this are too old to keep anybody awake. */
export const dormantBefore = (now: Date): Date => new Date(now.getTime() - SEGMENT_RULES.dormantAfterMs);

/**
 * A customer's segment, from the figures and the time alone. Who has never ordered is new, however long ago they came; who has and
 * does not for half a year is dormant, whatever they were before.
 */
export const segmentOf = ({ orders, spent, lastOrderAt }: OrderStatistics, now: Date): Segment => {
  if (lastOrderAt && lastOrderAt < dormantBefore(now)) return "dormant";
  const rich = Object.values(spent).some((minor) => minor >= SEGMENT_RULES.vipFromSpentMinor);
  if (orders >= SEGMENT_RULES.vipFromOrders || (orders > 0 && rich)) return "vip";
  if (orders >= SEGMENT_RULES.loyalFromOrders) return "loyal";
  return orders >= SEGMENT_RULES.regularFromOrders ? "regular" : "new";
};
