import { createBatcher } from "@tandem/runtime";
import type { Storage } from "./open-storage.ts";

/** A message that this process is to deliver, until its lease ends. */
export interface ClaimedDelivery {
  readonly subscriptionId: number;
  readonly messageId: string;
  /** Failed tries so far. */
  readonly attempt: number;
  readonly event: string;
}

export interface ClaimRequest {
  readonly subscriptionId: number;
  readonly limit: number;
}

export type DeliveryKey = Pick<ClaimedDelivery, "subscriptionId" | "messageId">;

/** What is left to deliver: who has it, until when, and what became of it. */
export interface Claims {
  claim(requests: readonly ClaimRequest[]): Promise<readonly ClaimedDelivery[]>;
  /** Makes due what this process holds of these subscriptions, but for `held`: claims and outcomes whose commit or answer was lost. */
  releaseStrays(subscriptionIds: readonly number[], held: readonly DeliveryKey[]): Promise<void>;
  acknowledge(delivery: DeliveryKey): Promise<void>;
  /** Due again after `delayMs`. `failed` counts the try. */
  reschedule(delivery: DeliveryKey, delayMs: number, failed: boolean): Promise<void>;
}

const CLAIM = `
WITH picked AS (
  SELECT d.subscription_id, d.message_id
  FROM unnest($1::int[], $2::int[]) AS want (subscription_id, room)
  CROSS JOIN LATERAL (
    SELECT subscription_id, message_id FROM sidecar.delivery
    WHERE subscription_id = want.subscription_id AND due_at <= now()
    ORDER BY message_id LIMIT want.room FOR UPDATE SKIP LOCKED
  ) d
), held AS (
  UPDATE sidecar.delivery d SET due_at = now() + $3 * interval '1 millisecond', holder = $4
  FROM picked p WHERE d.subscription_id = p.subscription_id AND d.message_id = p.message_id
  RETURNING d.subscription_id, d.message_id, d.attempt
)
SELECT h.subscription_id, h.message_id::text, h.attempt, m.event
FROM held h JOIN sidecar.message m ON m.id = h.message_id ORDER BY h.message_id`;

const ACKNOWLEDGE = `
DELETE FROM sidecar.delivery d USING unnest($1::int[], $2::bigint[]) AS done (subscription_id, message_id)
WHERE d.subscription_id = done.subscription_id AND d.message_id = done.message_id AND d.holder = $3`;

const RESCHEDULE = `
UPDATE sidecar.delivery d SET due_at = now() + t.delay_ms * interval '1 millisecond', attempt = attempt + t.failed, holder = NULL
FROM unnest($1::int[], $2::bigint[], $3::float8[], $4::int[]) AS t (subscription_id, message_id, delay_ms, failed)
WHERE d.subscription_id = t.subscription_id AND d.message_id = t.message_id AND d.holder = $5`;

const RELEASE_STRAYS = `
UPDATE sidecar.delivery d SET due_at = now(), holder = NULL
WHERE d.subscription_id = ANY ($1::int[]) AND d.holder = $4
  AND NOT EXISTS (SELECT FROM unnest($2::int[], $3::bigint[]) AS held (subscription_id, message_id)
                  WHERE held.subscription_id = d.subscription_id AND held.message_id = d.message_id)`;

export const createClaims = ({ relaxed, holder }: Storage, leaseMs: number): Claims => {
  /** The claims of all apps of this process that ask at the same time, in one statement. */
  const claim = createBatcher<readonly ClaimRequest[], readonly ClaimedDelivery[]>({
    run: async (batch) => {
      const requests = batch.flat();
      const values = [requests.map((r) => r.subscriptionId), requests.map((r) => r.limit), leaseMs, holder];
      const { rows } = await relaxed.query({ name: "claim", text: CLAIM, values });
      const claimed = rows.map(
        (row): ClaimedDelivery => ({
          subscriptionId: row.subscription_id,
          messageId: row.message_id,
          attempt: row.attempt,
          event: row.event,
        }),
      );
      return batch.map((one) => {
        const ids = new Set(one.map(({ subscriptionId }) => subscriptionId));
        return claimed.filter(({ subscriptionId }) => ids.has(subscriptionId));
      });
    },
  });

  // Nobody waits for it, and it takes up no place: one that a crash forgets is delivered once more, now as well as a tenth of a second ago.
  const acknowledge = createBatcher<DeliveryKey, undefined>({
    gatherMs: 100,
    run: async (batch) => {
      const values = [batch.map((d) => d.subscriptionId), batch.map((d) => d.messageId), holder];
      await relaxed.query({ name: "acknowledge", text: ACKNOWLEDGE, values });
      return batch.map(() => undefined);
    },
  });

  const reschedule = createBatcher<readonly [DeliveryKey, number, boolean], undefined>({
    run: async (batch) => {
      const values = [
        batch.map(([d]) => d.subscriptionId),
        batch.map(([d]) => d.messageId),
        batch.map(([, delayMs]) => delayMs),
        batch.map(([, , failed]) => (failed ? 1 : 0)),
        holder,
      ];
      await relaxed.query({ name: "reschedule", text: RESCHEDULE, values });
      return batch.map(() => undefined);
    },
  });

  return {
    claim: (requests) => claim(requests),
    releaseStrays: async (subscriptionIds, held) => {
      const values = [subscriptionIds, held.map((d) => d.subscriptionId), held.map((d) => d.messageId), holder];
      await relaxed.query(RELEASE_STRAYS, values);
    },
    acknowledge: (delivery) => acknowledge(delivery),
    reschedule: (delivery, delayMs, failed) => reschedule([delivery, delayMs, failed]),
  };
};
