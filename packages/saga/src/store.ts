import { AppError } from "@tandem/kernel";
import type { Database, Transaction } from "@tandem/postgres";
import type { Advance } from "./advance.ts";
import { type Progress, positionOf, type SagaInstance, type StepOutcome, type StepRecord } from "./instance.ts";
import { encodeJson, reviveBigints } from "./json.ts";
import type { SagaDefinition, SagaStatus, SagaTypes } from "./types.ts";

export interface SagaRow {
  readonly id: string;
  readonly definition_version: number;
  readonly version: number;
  readonly status: SagaStatus;
  readonly state: string;
  readonly data: unknown;
  readonly progress: unknown;
  readonly reason: string | null;
  readonly deadline_at: Date | null;
  readonly started_at: Date;
  readonly updated_at: Date;
  readonly ended_at: Date | null;
  readonly traceparent: string | null;
  readonly correlation_id: string | null;
}

/** The inbox row of the event in hand, written by the statement that reads the saga. */
export interface OnceRow {
  readonly consumer: string;
  readonly eventId: string;
  /** Throws where it was there already: the event is a duplicate. */
  written(fresh: boolean): void;
}

const ONCE = (first: number) =>
  `once as (insert into tandem.inbox (consumer, event_id) values ($${first}, $${first + 1}) on conflict do nothing returning 1)`;

export const instanceColumns =
  "id, definition_version, version, status, progress->>'state' as state, data, progress, reason, deadline_at, started_at, updated_at, ended_at, traceparent, correlation_id";

const stepColumns = 'outcome text, "eventType" text, "eventId" text, source text, "from" text, "to" text, note text';
const insertSteps = `insert into tandem.saga_step (name, id, outcome, event_type, event_id, source, from_state, to_state, note, at)`;

// One round trip each: the row, its history and its timer change together or not at all.
const sql = {
  insert: {
    name: "saga-insert",
    text: `
      with started as (
        insert into tandem.saga (name, id, definition_version, version, status, state, data, progress, reason,
          deadline_at, started_at, updated_at, ended_at, traceparent, correlation_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $14, $15)
        on conflict (name, id) do nothing
        returning id
      ), timed as (
        insert into tandem.saga_timer (name, id, version, fire_at)
        select $1, id, $4, $10 from started where $10::timestamptz is not null
      ), recorded as (
        ${insertSteps}
        select $1, started.id, s.*, $11 from started, jsonb_to_recordset($13::jsonb) as s(${stepColumns})
      )
      select count(*)::int as started from started`,
  },
  update: {
    name: "saga-update",
    text: `
      with changed as (
        update tandem.saga set definition_version = $3, version = $4, status = $5, state = $6, data = $7, progress = $8,
          reason = $9, deadline_at = $10, updated_at = $11, ended_at = $12
        where name = $1 and id = $2
      ), timed as (
        insert into tandem.saga_timer (name, id, version, fire_at)
        select $1, $2, $4, $10 where $14::boolean and $10::timestamptz is not null
        on conflict (name, id) do update set version = excluded.version, fire_at = excluded.fire_at, attempts = 0
      ), untimed as (
        delete from tandem.saga_timer where name = $1 and id = $2 and $14::boolean and $10::timestamptz is null
      )
      ${insertSteps}
      select $1, $2, s.*, $11 from jsonb_to_recordset($13::jsonb) as s(${stepColumns})`,
  },
  record: {
    name: "saga-record",
    text: `${insertSteps} select $1, $2, s.*, $3 from jsonb_to_recordset($4::jsonb) as s(${stepColumns})`,
  },
};

// The saga's row is read without a lock: whether a note came before the end or after it matters to nobody.
const noteSql = (once: boolean) => `
  with ${once ? ONCE(7) : "once as (select 1)"}, saga as (
    select s.state, s.status in ('completed', 'compensated') or s.progress ? 'undoing' as past
    from tandem.saga s where s.name = $1 and s.id = $2
  ), noted as (
    insert into tandem.saga_step (name, id, outcome, event_type, event_id, source, from_state, to_state, at)
    select $1, $2, case when saga.state is null then 'unknown' when saga.past then 'ignored' else 'applied' end,
      $3, $4, $5, saga.state, saga.state, $6
    from once left join saga on true
    returning outcome
  )
  select (select count(*) from once)::int as fresh, (select outcome from noted) as outcome`;

/**
 * Locks the saga's row, and in the same statement writes the event's inbox row and locks what the effects change: each would be a round trip more
 * in which others wait for the saga. The subject's lock is taken after the saga's: its condition asks for the saga first.
 */
const lockSql = (subject: string | undefined, once: boolean) =>
  subject === undefined && !once
    ? `select 1 as fresh, ${instanceColumns} from tandem.saga where name = $1 and id = $2 for update`
    : `
  with ${once ? `${ONCE(3)}, ` : ""}saga as (
    select ${instanceColumns} from tandem.saga where name = $1 and id = $2 for update
  )${subject === undefined ? "" : `, subject as (${subject} and (select count(*) from saga) = 1 for update)`}
  select ${once ? "(select count(*) from once)::int" : "1"} as fresh, saga.*${subject === undefined ? "" : ", subject.*"}
  from (values (1)) one(n) left join saga on true${subject === undefined ? "" : " left join subject on true"}`;

export interface Origin {
  readonly traceparent?: string | undefined;
  readonly correlationId?: string | undefined;
}

export interface StoredSaga<T extends SagaTypes> {
  readonly instance: SagaInstance<T>;
  readonly origin: Origin;
  /** The row as it came, with the subject's columns. */
  readonly row: Readonly<Record<string, unknown>>;
}

/** @throws AppError unavailable `saga.newer_version` during a rolling deployment, internal `saga.unknown_state` */
export const readInstance = <T extends SagaTypes>(definition: SagaDefinition<T>, row: SagaRow): SagaInstance<T> => {
  if (row.definition_version > definition.version) {
    // Transient: the replica that knows this version takes it when the message is delivered again.
    throw new AppError("unavailable", "saga.newer_version", `Saga ${row.id} was written by a newer version`);
  }
  let data = reviveBigints(row.data);
  let state: string = row.state;
  if (row.definition_version < definition.version && definition.upgrade) {
    ({ state, data } = definition.upgrade({ state, data }, row.definition_version));
  }
  if (!(state in definition.states)) {
    throw new AppError(
      "internal",
      "saga.unknown_state",
      `${definition.name} has no state ${state}; upgrade() must map it`,
    );
  }
  return {
    id: row.id,
    definitionVersion: definition.version,
    version: row.version,
    status: row.status,
    state: state as T["state"],
    data: data as T["data"],
    reason: row.reason ?? undefined,
    deadlineAt: row.deadline_at ?? undefined,
    startedAt: row.started_at,
    updatedAt: row.updated_at,
    endedAt: row.ended_at ?? undefined,
    progress: reviveBigints(row.progress) as Progress<T>,
  };
};

const values = <T extends SagaTypes>(name: string, { instance, steps }: Advance<T>): unknown[] => [
  name,
  instance.id,
  instance.definitionVersion,
  instance.version,
  instance.status,
  positionOf(instance),
  encodeJson(instance.data),
  encodeJson({ ...instance.progress, state: instance.state }),
  instance.reason ?? null,
  instance.deadlineAt ?? null,
  instance.updatedAt,
  instance.endedAt ?? null,
  JSON.stringify(steps),
];

/** Reading and writing of one saga's rows, inside the caller's transaction. */
export const makeStore = <T extends SagaTypes>(definition: SagaDefinition<T>, subject?: string) => {
  const { name } = definition;
  const about = subject === undefined ? "" : ` ${name}`;
  const lock = { name: `saga-lock${about}`, text: lockSql(subject, false) };
  const lockOnce = { name: `saga-lock-once${about}`, text: lockSql(subject, true) };
  const note = { name: "saga-note", text: noteSql(false) };
  const noteOnce = { name: "saga-note-once", text: noteSql(true) };
  return {
    async lockById(tx: Transaction, id: string, once?: OnceRow): Promise<StoredSaga<T> | undefined> {
      const { rows } = await tx.client.query<SagaRow & { readonly fresh: number }>(
        once ? { ...lockOnce, values: [name, id, once.consumer, once.eventId] } : { ...lock, values: [name, id] },
      );
      const row = rows[0];
      once?.written(row?.fresh === 1);
      if (!row || row.version === null) return undefined;
      const origin = { traceparent: row.traceparent ?? undefined, correlationId: row.correlation_id ?? undefined };
      return { instance: readInstance(definition, row), origin, row: { ...row } };
    },
    /** One statement, in whatever transaction there is or none. */
    async note(
      database: Pick<Database, "query">,
      id: string,
      step: StepRecord,
      at: Date,
      once?: OnceRow,
    ): Promise<StepOutcome> {
      const values = [name, id, step.eventType, step.eventId, step.source ?? null, at];
      const { rows } = await database.query<{ fresh: number; outcome: StepOutcome | null }>(
        once ? { ...noteOnce, values: [...values, once.consumer, once.eventId] } : { ...note, values },
      );
      once?.written(rows[0]?.fresh === 1);
      return rows[0]?.outcome ?? "duplicate";
    },
    /** False: a saga of this id exists already, nothing was written. */
    async create(tx: Transaction, first: Advance<T>, origin: Origin): Promise<boolean> {
      const { rows } = await tx.client.query<{ started: number }>({
        ...sql.insert,
        values: [...values(name, first), origin.traceparent ?? null, origin.correlationId ?? null],
      });
      return rows[0]?.started === 1;
    },
    async update(tx: Transaction, next: Advance<T>): Promise<void> {
      await tx.client.query({ ...sql.update, values: [...values(name, next), next.moved] });
    },
    async record(tx: Transaction, id: string, steps: readonly StepRecord[], at: Date): Promise<void> {
      await tx.client.query({ ...sql.record, values: [name, id, at, JSON.stringify(steps)] });
    },
  };
};
export type { Transaction };
