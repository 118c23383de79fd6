import { AppError, decodeCursor, encodeCursor } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import { type DeadLetter, type DeadLetterRow, type DeadLetterStatus, toDeadLetter } from "./dead-letter.ts";

export interface DeadLetterFilter {
  readonly consumer?: string;
  readonly status?: DeadLetterStatus;
  readonly fingerprint?: string;
  readonly topic?: string;
  readonly eventId?: string;
  /** Somewhere in the error's message or the subject, without regard to case. */
  readonly text?: string;
  /** Only those that failed last before. */
  readonly before?: Date;
  /** 1 to 200, default 50. */
  readonly limit?: number;
  readonly cursor?: string;
}

export interface DeadLetterPage {
  readonly items: readonly DeadLetter[];
  readonly nextCursor?: string;
}

/** Dead letters of one consumer with one cause. */
export interface DeadLetterGroup {
  readonly fingerprint: string;
  readonly consumer: string;
  readonly errorCode: string;
  readonly errorMessage: string;
  readonly open: number;
  readonly firstFailedAt: Date;
  readonly lastFailedAt: Date;
}

export interface DeadLetterStore {
  /** Newest failure first. @throws AppError `page.cursor_invalid` */
  list(filter?: DeadLetterFilter): Promise<DeadLetterPage>;
  /** Open ones by cause, most frequent first; at most 200. */
  group(): Promise<readonly DeadLetterGroup[]>;
  /** @throws AppError `dead_letter.not_found` */
  get(id: string): Promise<DeadLetter>;
  /**
   * Asks the worker to deliver it to its consumer once more, under the same event id. Idempotent while that is due.
   * @throws AppError `dead_letter.not_found`, `dead_letter.resolved`
   */
  replay(id: string, by?: string): Promise<DeadLetter>;
  /** The same for all open ones of a cause. @returns how many */
  replayGroup(fingerprint: string, by?: string): Promise<number>;
  /** Closes it without effect; the payload stays. @throws AppError `dead_letter.not_found`, `dead_letter.resolved` */
  discard(id: string, by?: string): Promise<DeadLetter>;
}

const SCOPE = "dead-letters:last_failed_desc";
const ORDER = "(extract(epoch from last_failed_at) * 1000000)::bigint";

/** Over a database, or over the client of a transaction. */
export const deadLetterStore = (database: Pick<Database, "query">): DeadLetterStore => {
  const get = async (id: string): Promise<DeadLetter> => {
    const { rows } = await database.query<DeadLetterRow>("select * from tandem.dead_letter where id::text = $1", [id]);
    if (!rows[0]) throw new AppError("not_found", "dead_letter.not_found", "There is no such dead letter");
    return toDeadLetter(rows[0]);
  };

  const move = async (id: string, sql: string, by: string | undefined): Promise<DeadLetter> => {
    const { rows } = await database.query<DeadLetterRow>(sql, [id, by ?? null]);
    if (rows[0]) return toDeadLetter(rows[0]);
    const { status } = await get(id);
    throw new AppError("failed_precondition", "dead_letter.resolved", `The dead letter is ${status}`);
  };

  return {
    list: async (filter = {}) => {
      const { consumer, status, fingerprint, topic, cursor, eventId, text, before } = filter;
      const limit = Math.min(Math.max(1, filter.limit ?? 50), 200);
      const [micros, id] = cursor === undefined ? [null, null] : decodeCursor(SCOPE, cursor, ["int8", "uuid"]);
      const { rows } = await database.query<DeadLetterRow & { micros: string }>(
        `select *, ${ORDER}::text as micros from tandem.dead_letter
         where ($1::text is null or consumer = $1) and ($2::text is null or status = $2)
           and ($3::text is null or fingerprint = $3) and ($4::text is null or topic = $4)
           and ($5::bigint is null or (last_failed_at, id) <
             ('epoch'::timestamptz + $5::bigint * interval '1 microsecond', $6::uuid))
           and ($8::text is null or event_id = $8) and ($10::timestamptz is null or last_failed_at < $10)
           and ($9::text is null or strpos(lower(error_message || ' ' || coalesce(subject, '')), lower($9)) > 0)
         order by last_failed_at desc, id desc limit $7`,
        [
          consumer ?? null,
          status ?? null,
          fingerprint ?? null,
          topic ?? null,
          micros,
          id,
          limit + 1,
          eventId ?? null,
          text ?? null,
          before ?? null,
        ],
      );
      const last = rows.length > limit ? rows[limit - 1] : undefined;
      return {
        items: rows.slice(0, limit).map(toDeadLetter),
        ...(last && { nextCursor: encodeCursor(SCOPE, [last.micros, last.id]) }),
      };
    },

    group: async () => {
      const { rows } = await database.query<DeadLetterGroup & { open: string }>(
        `select fingerprint, consumer, error_code as "errorCode", min(error_message) as "errorMessage",
           count(*) as open, min(first_failed_at) as "firstFailedAt", max(last_failed_at) as "lastFailedAt"
         from tandem.dead_letter where status = 'open'
         group by fingerprint, consumer, error_code order by count(*) desc, fingerprint limit 200`,
      );
      return rows.map((row) => ({ ...row, open: Number(row.open) }));
    },

    get,
    replay: (id, by) => move(id, REPLAY, by),
    replayGroup: async (fingerprint, by) => {
      const { rowCount } = await database.query(
        `update tandem.dead_letter set status = 'replay_requested', resolved_by = $2
         where fingerprint = $1 and status = 'open'`,
        [fingerprint, by ?? null],
      );
      return rowCount ?? 0;
    },
    discard: (id, by) => move(id, DISCARD, by),
  };
};

// A replay in progress is left alone: asking twice is asking once.
const REPLAY = `
  update tandem.dead_letter
  set status = case status when 'open' then 'replay_requested' else status end, resolved_by = coalesce($2, resolved_by)
  where id::text = $1 and status in ('open', 'replay_requested', 'replaying') returning *`;

const DISCARD = `
  update tandem.dead_letter set status = 'discarded', resolved_at = now(), resolved_by = $2
  where id::text = $1 and status in ('open', 'replay_requested') returning *`;
