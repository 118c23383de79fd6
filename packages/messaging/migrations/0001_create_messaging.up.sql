-- OUTBOX ---------------------------------------------------------------------------------------------------------------
-- Payloads are append-only and leave by dropping whole partitions. `outbox_claim` is the queue: one narrow row per event
-- that has not been sent, inserted and deleted, never updated on the good path. `outbox_lease` is one row per batch in
-- flight: its existence is the fence, so a claim costs one insert and not one update per event.
create sequence tandem.outbox_seq;

create table tandem.outbox_event (
  seq bigint not null default nextval('tandem.outbox_seq'),
  created_at timestamptz not null default now(),
  aggregate_version bigint not null,
  id uuid not null,
  topic text not null,
  type text not null,
  source text not null,
  subject text not null,
  data text not null,
  traceparent text,
  correlation_id text
) partition by range (created_at);
create index outbox_event_seq on tandem.outbox_event (seq);

-- The net under a relay that has not made partitions for weeks: an insert must never fail for want of one.
create table tandem.outbox_event_default partition of tandem.outbox_event default;

create table tandem.outbox_claim (
  seq bigint primary key,
  created_at timestamptz not null,
  -- Hash of the aggregate's id. A collision makes two aggregates take turns, nothing worse.
  key integer not null,
  -- Times it was tried in vain and how many of these ended with the relay's death. Both 0 on the good path.
  attempts smallint not null default 0,
  crashes smallint not null default 0,
  -- Not null: it has failed before, is due then, and holds back the later events of its key.
  retry_at timestamptz
)
-- A queue's rows die young: cleared away by number, not by share, at full speed, and without the lock that giving space back takes.
with (autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0,
  autovacuum_vacuum_insert_threshold = -1, vacuum_truncate = false);
-- Their predicates are on columns that the good path never sets, so these stay empty and cost it nothing.
create index outbox_claim_due on tandem.outbox_claim (retry_at) where retry_at is not null;
create index outbox_claim_troubled on tandem.outbox_claim (key, seq) where retry_at is not null;
create index outbox_claim_suspect on tandem.outbox_claim (seq) where crashes > 0;

create table tandem.outbox_lease (
  token bigint generated always as identity primary key,
  relay text not null,
  leased_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  seqs bigint[] not null,
  keys integer[] not null
)
-- The arrays are kept out of the row, so that dead rows under a long transaction are few pages to walk over.
with (toast_tuple_target = 128, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_cost_delay = 0, vacuum_truncate = false);

-- What has been sent: one row per batch. Kept as long as the payloads.
create table tandem.outbox_sent (
  token bigint not null,
  relay text not null,
  sent_at timestamptz not null default clock_timestamp(),
  seqs bigint[] not null
);
create index outbox_sent_at on tandem.outbox_sent using brin (sent_at);

-- Events that nobody could publish: out of the queue until a person releases them.
create table tandem.outbox_parked (
  seq bigint primary key,
  created_at timestamptz not null,
  key integer not null,
  attempts smallint not null,
  crashes smallint not null,
  reason text not null check (reason in ('permanent', 'exhausted', 'crashed')),
  error text not null,
  parked_at timestamptz not null default clock_timestamp()
);

-- What has left by dropping partitions and folding the ledger, so that the sum still comes out.
create table tandem.outbox_archive (
  only_row boolean primary key default true check (only_row),
  inserted bigint not null default 0,
  sent bigint not null default 0
);
insert into tandem.outbox_archive default values;

-- pending + leased + sent + dead = inserted, always.
create view tandem.outbox_balance as
select
  (select count(*) from tandem.outbox_claim) - leased.events as pending,
  leased.events as leased,
  archive.sent + (select coalesce(sum(cardinality(seqs)), 0) from tandem.outbox_sent)::bigint as sent,
  (select count(*) from tandem.outbox_parked) as dead,
  archive.inserted + (select count(*) from tandem.outbox_event) as inserted
from tandem.outbox_archive archive,
  (select count(*) as events from tandem.outbox_lease l, unnest(l.seqs) s(seq) join tandem.outbox_claim c using (seq)) leased;

-- Days are UTC. Ranges that already have rows in the default partition are left to it.
create function tandem.ensure_outbox_partitions(p_days_ahead integer, p_now timestamptz default now())
returns integer language plpgsql as $$
declare
  v_day timestamp;
  v_name text;
  v_made integer := 0;
begin
  -- Several relays start at the same time.
  perform pg_advisory_xact_lock(1952542308, 2);
  for i in 0..p_days_ahead loop
    v_day := date_trunc('day', p_now at time zone 'UTC') + i * interval '1 day';
    v_name := 'outbox_event_' || to_char(v_day, 'YYYYMMDD');
    continue when to_regclass('tandem.' || v_name) is not null
      or exists (select from tandem.outbox_event_default e
                 where e.created_at >= v_day at time zone 'UTC'
                   and e.created_at < (v_day + interval '1 day') at time zone 'UTC');
    -- Made alone and then attached: that does not stop writers, as CREATE ... PARTITION OF would.
    execute format('create table tandem.%I (like tandem.outbox_event including defaults including indexes)', v_name);
    execute format('alter table tandem.outbox_event attach partition tandem.%I for values from (%L) to (%L)',
      v_name, v_day at time zone 'UTC', (v_day + interval '1 day') at time zone 'UTC');
    v_made := v_made + 1;
  end loop;
  return v_made;
end $$;
select tandem.ensure_outbox_partitions(7);

-- INBOX ----------------------------------------------------------------------------------------------------------------
-- One row per (consumer, event) whose effects are committed: written by the first statement of the handler's transaction.
create table tandem.inbox (
  consumer text not null,
  event_id text not null,
  handled_at timestamptz not null default now(),
  primary key (consumer, event_id)
);
create index inbox_handled_at on tandem.inbox using brin (handled_at);

-- Failed tries of events that are still being redelivered, and the last error.
create table tandem.consumer_attempt (
  consumer text not null,
  event_id text not null,
  attempts integer not null,
  error_kind text not null,
  error_code text not null,
  error_message text not null,
  error_stack text,
  fingerprint text not null,
  first_failed_at timestamptz not null default now(),
  last_failed_at timestamptz not null default now(),
  primary key (consumer, event_id)
);
create index consumer_attempt_by_age on tandem.consumer_attempt (last_failed_at);

create table tandem.dead_letter (
  id uuid primary key,
  consumer text not null,
  event_id text not null,
  status text not null check (status in ('open', 'replay_requested', 'replaying', 'replayed', 'discarded')),
  reason text not null check (reason in ('permanent', 'exhausted', 'undecodable', 'broker')),
  topic text not null,
  type text not null,
  source text not null,
  subject text,
  event_time timestamptz,
  data text not null,
  traceparent text,
  correlation_id text,
  error_kind text not null,
  error_code text not null,
  error_message text not null,
  error_stack text,
  -- Same consumer, same error, same shape of message: one cause to look at.
  fingerprint text not null,
  attempts integer not null,
  replays integer not null default 0,
  first_failed_at timestamptz not null,
  last_failed_at timestamptz not null default now(),
  resolved_at timestamptz,
  resolved_by text,
  -- Of the worker that is replaying it.
  lease_until timestamptz,
  unique (consumer, event_id)
);
create index dead_letter_by_time on tandem.dead_letter (last_failed_at desc, id desc);
create index dead_letter_by_status on tandem.dead_letter (status, last_failed_at desc, id desc);
create index dead_letter_by_fingerprint on tandem.dead_letter (fingerprint, last_failed_at desc);
create index dead_letter_to_replay on tandem.dead_letter (last_failed_at) where status in ('replay_requested', 'replaying');
