-- One row per job: what the worker registered, and the lease that keeps runs from overlapping.
create table tandem.job (
  name text primary key,
  schedule text not null,
  description text not null,
  timeout_ms integer not null,
  -- Every slot up to here is accounted for: run, queued or recorded as skipped.
  accounted_until timestamptz not null,
  -- The lease: grows with every grant; writers pass it on, a stale one writes nothing.
  token bigint not null default 0,
  owner text,
  lease_until timestamptz,
  registered_at timestamptz not null
);

-- One row per run, and the queue at the same time: `due` rows wait for a worker.
create table tandem.job_run (
  id bigint generated always as identity primary key,
  job text not null,
  scheduled_at timestamptz not null,
  attempt integer not null default 1,
  cause text not null check (cause in ('schedule', 'missed', 'request', 'abandoned')),
  status text not null check (status in ('due', 'running', 'succeeded', 'failed', 'timed_out', 'abandoned', 'skipped')),
  requested_by text,
  owner text,
  token bigint,
  created_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  summary jsonb,
  error text,
  note text,
  -- N replicas hear of a slot; one row, so one run.
  unique (job, scheduled_at, attempt)
);
create index job_run_active on tandem.job_run (job, scheduled_at) where status in ('due', 'running');
create index job_run_history on tandem.job_run (job, id desc);
