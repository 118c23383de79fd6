import type { ClaimedDelivery, DeliveryKey } from "./claim-deliveries.ts";

/** What is in hand of an app's messages, and whether storage may count more to it than that. */
export interface Hand {
  /** How many of a subscription wait or are handled. */
  many(subscriptionId: number): number;
  count(subscriptionId: number, by: number): void;
  /** False: it is in hand already. */
  take(delivery: ClaimedDelivery): boolean;
  /** True: it was claimed once more meanwhile, so that storage may still count it to us. */
  letGo(delivery: DeliveryKey): boolean;
  /** Storage failed: it may hold claims of ours that we do not know of, until their lease ends. */
  doubt(): void;
  /** Once after a doubt: has storage let go of all but what is in hand. */
  ease(release: (held: readonly DeliveryKey[]) => Promise<void>): Promise<void>;
}

const keyOf = ({ subscriptionId, messageId }: DeliveryKey): string => `${subscriptionId}/${messageId}`;

export const createHand = (): Hand => {
  const counts = new Map<number, number>();
  const held = new Map<string, DeliveryKey>();
  /** Claimed again while they were in hand: whoever has them in hand may have let go of them before. */
  const claimedAgain = new Set<string>();
  let inDoubt = false;
  return {
    many: (id) => counts.get(id) ?? 0,
    count: (id, by) => void counts.set(id, (counts.get(id) ?? 0) + by),
    take: (delivery) => {
      const key = keyOf(delivery);
      // Its lease ended while it waits or is handled here, and the claim renewed it; or it is due again, and its first handling has yet to end.
      if (held.has(key)) {
        claimedAgain.add(key);
        return false;
      }
      held.set(key, delivery);
      return true;
    },
    letGo: (delivery) => {
      held.delete(keyOf(delivery));
      if (!claimedAgain.delete(keyOf(delivery))) return false;
      inDoubt = true;
      return true;
    },
    doubt: () => {
      inDoubt = true;
    },
    ease: async (release) => {
      if (!inDoubt) return;
      inDoubt = false; // set again by whatever fails meanwhile
      try {
        await release([...held.values()]);
      } catch (error) {
        inDoubt = true;
        throw error;
      }
    },
  };
};
