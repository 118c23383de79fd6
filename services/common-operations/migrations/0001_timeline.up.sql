-- Every event of the platform, once. Written by one statement per event, read by reference.
create table timeline_event (
  seq bigint generated always as identity primary key,
  event_id text not null constraint timeline_event_once unique,
  topic text not null,
  type text not null,
  source text not null,
  subject text not null,
  aggregate_version bigint not null,
  -- By the publisher's clock; milliseconds, because cursors carry it.
  occurred_at timestamptz(3) not null,
  received_at timestamptz(3) not null,
  trace_id text not null,
  correlation_id text not null,
  foreign_version boolean not null,
  -- Secrets and personal data are masked before they come here.
  payload jsonb not null,
  -- The keys of this event's rows in timeline_reference: retention finds them without an index of its own.
  reference_kinds text[] not null,
  reference_ids text[] not null
);

-- Retention goes by it, and it costs an insert next to nothing.
create index timeline_event_by_receipt on timeline_event using brin (received_at) with (pages_per_range = 32);

-- What an event names. The key is also the order of a timeline.
create table timeline_reference (
  kind text not null,
  id text not null,
  occurred_at timestamptz(3) not null,
  aggregate_version bigint not null,
  seq bigint not null,
  primary key (kind, id, occurred_at, aggregate_version, seq)
);
