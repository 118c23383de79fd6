/** Lower ends of the price ranges, in minor units; the last one is open. */
export const PRICE_STEPS = [0, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000] as const;

/** What {@link PRICE_STEPS} calls its n-th range. */
export const priceRange = (index: number): string => `${PRICE_STEPS[index] ?? 0}-${PRICE_STEPS[index + 1] ?? ""}`;
