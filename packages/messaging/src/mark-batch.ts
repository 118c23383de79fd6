import type { Batch } from "./claim-batch.ts";
import type { RelaySession } from "./relay-session.ts";

/** What became of a batch. Events named nowhere go back as if they had never been claimed. */
export interface Marks {
  readonly sent: readonly string[];
  readonly retry: readonly { readonly seq: string; readonly delayMs: number }[];
  readonly park: readonly {
    readonly seq: string;
    readonly reason: "permanent" | "exhausted";
    readonly error: string;
  }[];
}

/**
 * Ends a lease and writes what came of it, in one statement. Everything hangs on the lease's row being there: a relay that
 * stood still past its lease finds none and writes nothing.
 * @returns false when the lease was lost
 */
export const markBatch = async (
  session: RelaySession,
  relayId: string,
  { token }: Batch,
  { sent, retry, park }: Marks,
): Promise<boolean> => {
  const lean = retry.length === 0 && park.length === 0;
  const { rows } = await session.query<{ held: boolean }>(
    lean
      ? { name: "outbox mark sent", text: MARK_SENT, values: [token, relayId, sent] }
      : {
          name: "outbox mark",
          text: MARK,
          values: [
            token,
            relayId,
            sent,
            retry.map(({ seq }) => seq),
            retry.map(({ delayMs }) => Math.round(delayMs)),
            park.map(({ seq }) => seq),
            park.map(({ reason }) => reason),
            park.map(({ error }) => error.slice(0, 2_000)),
          ],
        },
  );
  return rows[0]?.held ?? false;
};

const SENT = `
  with lease as (
    delete from tandem.outbox_lease where token = $1 returning token
  ), gone as (
    delete from tandem.outbox_claim c using lease where c.seq = any ($3::bigint[]) returning c.seq
  ), ledger as (
    insert into tandem.outbox_sent (token, relay, seqs)
    select $1, $2, g.seqs from (select array_agg(seq) as seqs from gone) g where g.seqs is not null
  )`;

const MARK_SENT = `${SENT} select exists (select from lease) as held`;

const MARK = `${SENT}, later as (
    update tandem.outbox_claim c
    set attempts = c.attempts + 1, retry_at = clock_timestamp() + r.delay_ms * interval '1 millisecond'
    from lease, unnest($4::bigint[], $5::integer[]) r(seq, delay_ms) where c.seq = r.seq
  ), out as (
    delete from tandem.outbox_claim c using lease where c.seq = any ($6::bigint[]) returning c.*
  ), parked as (
    insert into tandem.outbox_parked (seq, created_at, key, attempts, crashes, reason, error)
    select o.seq, o.created_at, o.key, o.attempts + 1, o.crashes, p.reason, p.error
    from out o join unnest($6::bigint[], $7::text[], $8::text[]) p(seq, reason, error) on p.seq = o.seq
  )
  select exists (select from lease) as held`;
