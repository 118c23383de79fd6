import { AppError } from "@tandem/kernel";
import type { OutboxEvent } from "./events.ts";
import type { Patience, Terms } from "./publish-patience.ts";
import type { RelaySession } from "./relay-session.ts";
import { createScanWindow } from "./scan-window.ts";

/** A row of the outbox in the hands of a relay. */
export interface ClaimedEvent extends OutboxEvent {
  readonly seq: string;
  /** This try counted, so 1 or more. */
  readonly attempt: number;
}

/** What one lease covers. `token` fences it: whoever has lost the lease writes nothing. */
export interface Batch {
  readonly token: string;
  readonly events: readonly ClaimedEvent[];
  /** One event that was in flight when a relay died. */
  readonly alone: boolean;
  readonly terms: Terms;
}

export interface Claim {
  readonly outcome: "claimed" | "alone" | "suspects" | "busy" | "empty";
  readonly batch?: Batch;
  /** Events taken over from relays whose lease ran out, and how many of these were parked for good. */
  readonly recovered: number;
  readonly parked: number;
  /** It did not look at all that waits. */
  readonly cut: boolean;
  /** Something waits for a batch in flight to end. */
  readonly blocked: boolean;
}

export interface ClaimOptions {
  readonly session: RelaySession;
  readonly relayId: string;
  readonly maxRun: number;
  readonly patience: Pick<Patience, "terms">;
  readonly maxCrashes: number;
}

interface ClaimRow {
  outcome: Claim["outcome"];
  token: string;
  seqs: string[];
  tries: number[];
  since: string;
  until: string;
  recovered: number;
  parked: number;
  cut: boolean;
  head: string | null;
  blocked: boolean;
  events: readonly EventRow[] | null;
}

/**
 * One statement, which answers with the payloads where they are few and small. Otherwise two, each its own transaction: the claim answers with
 * ids only then, because an answer too large for the socket of a client that stands still would keep the claim's transaction, and its lock, open.
 */
export const createClaimer = ({ session, relayId, maxRun, patience, maxCrashes }: ClaimOptions) => {
  const window = createScanWindow();
  /** @param held tokens of the batches that this relay works on */
  return async (limit: number, held: readonly string[]): Promise<Claim> => {
    const { floor, rows } = window.next();
    const { terms } = patience;
    const claimed = await session.query<ClaimRow>({
      name: "outbox claim",
      text: CLAIM,
      values: [relayId, limit, maxRun, terms.leaseMs, maxCrashes, held.length === 0, rows, floor, held],
    });
    const row = claimed.rows[0] as ClaimRow;
    window.looked(row.head ?? undefined, row.cut);
    const { outcome, recovered, parked, cut, blocked } = row;
    if (outcome !== "claimed" && outcome !== "alone") return { outcome, recovered, parked, cut, blocked };
    const events = toEvents(row, row.events ?? (await readRows(session, row)));
    return {
      outcome,
      recovered,
      parked,
      cut,
      blocked,
      batch: { token: row.token, events, alone: outcome === "alone", terms },
    };
  };
};

// Times as text: a Date would cut off their microseconds.
const CLAIM = `
  select outcome, token::text, seqs::text[], tries, since::text, until::text, recovered, parked, cut, head::text,
    blocked, events
  from tandem.claim_outbox_batch($1, $2, $3, $4, $5, $6, $7, $8, $9)`;

type EventRow = [string, string, string, string, string, string, string, string, number, string | null, string | null];

const readRows = async (session: RelaySession, { seqs, since, until }: ClaimRow): Promise<readonly EventRow[]> => {
  const { rows } = await session.query<never>({
    name: "outbox read",
    text: READ,
    values: [seqs, since, until],
    rowMode: "array",
  });
  return rows as unknown as EventRow[];
};

const toEvents = ({ seqs, tries }: ClaimRow, rows: readonly EventRow[]): ClaimedEvent[] => {
  if (rows.length !== seqs.length)
    throw new AppError("internal", "outbox.payload_missing", `${seqs.length - rows.length} claims have no payload`);
  const attempts = new Map(seqs.map((seq, at) => [seq, (tries[at] ?? 0) + 1]));
  return rows.map(([seq, id, topic, type, source, subject, version, data, time, traceparent, correlationId]) => ({
    seq,
    id,
    topic,
    type,
    source,
    subject,
    aggregateVersion: BigInt(version),
    data,
    time: new Date(time),
    attempt: attempts.get(seq) ?? 1,
    ...(traceparent !== null && { traceparent }),
    ...(correlationId !== null && { correlationId }),
  }));
};

// `created_at` picks the partitions.
const READ = `
  select seq, id, topic, type, source, subject, aggregate_version, data, extract(epoch from created_at)::float8 * 1000,
    traceparent, correlation_id
  from tandem.outbox_event
  where seq = any ($1::bigint[]) and created_at between $2 and $3
  order by seq`;
