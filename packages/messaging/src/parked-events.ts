import { decodeCursor, encodeCursor } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import { wakeRelay } from "./wake.ts";

export interface ParkedEvent {
  readonly id: string;
  readonly topic: string;
  readonly type: string;
  readonly subject: string;
  readonly reason: "permanent" | "exhausted" | "crashed";
  readonly error: string;
  readonly attempts: number;
  readonly crashes: number;
  readonly createdAt: Date;
  readonly parkedAt: Date;
}

export interface ParkedPage {
  readonly items: readonly ParkedEvent[];
  readonly nextCursor?: string;
}

const SCOPE = "outbox-parked:seq";

/**
 * Events that the relay gave up on, oldest first. `limit` 1 to 200, default 50.
 * @throws AppError `page.cursor_invalid`
 */
export const listParked = async (
  database: Database,
  { limit = 50, cursor }: { readonly limit?: number; readonly cursor?: string } = {},
): Promise<ParkedPage> => {
  const size = Math.min(Math.max(1, limit), 200);
  const after = cursor === undefined ? "0" : decodeCursor(SCOPE, cursor, ["int8"])[0];
  const { rows } = await database.query<ParkedEvent & { seq: string }>(LIST, [after, size + 1]);
  const items = rows.slice(0, size);
  const last = items.at(-1);
  return {
    items: items.map(({ seq: _, ...event }) => event),
    ...(rows.length > size && last && { nextCursor: encodeCursor(SCOPE, [last.seq]) }),
  };
};

const LIST = `
  select p.seq::text, e.id, e.topic, e.type, e.subject, p.reason, p.error, p.attempts, p.crashes,
    p.created_at as "createdAt", p.parked_at as "parkedAt"
  from tandem.outbox_parked p join tandem.outbox_event e on e.seq = p.seq and e.created_at = p.created_at
  where p.seq > $1::bigint order by p.seq limit $2`;

/**
 * Puts parked events back into the queue, under their ids and with their counts at zero; all of them without `ids`.
 * Those that crashed a relay go alone once more. @returns how many
 */
export const releaseParked = async (database: Database, ids?: readonly string[]): Promise<number> => {
  const { rowCount } = await database.query(RELEASE, [ids ?? null]);
  if (rowCount) wakeRelay(database);
  return rowCount ?? 0;
};

const RELEASE = `
  with gone as (
    delete from tandem.outbox_parked p using tandem.outbox_event e
    where e.seq = p.seq and e.created_at = p.created_at and ($1::uuid[] is null or e.id = any ($1))
    returning p.seq, p.created_at, p.key, p.reason
  )
  insert into tandem.outbox_claim (seq, created_at, key, crashes, retry_at)
  select seq, created_at, key, case reason when 'crashed' then 1 else 0 end,
    case reason when 'crashed' then clock_timestamp() end
  from gone`;
