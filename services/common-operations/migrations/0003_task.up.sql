create table task (
  id uuid primary key,
  kind text not null,
  status text not null check (status in
    ('PENDING', 'RUNNING', 'CANCELLING', 'CANCELLED', 'SUCCEEDED', 'SUCCEEDED_WITH_ERRORS', 'FAILED')),
  parameters jsonb not null,
  requested_by text not null,
  -- Whether its items are written down; an export has none and goes by its checkpoint.
  planned boolean not null,
  checkpoint jsonb,
  items_total bigint not null,
  items_done bigint not null,
  items_failed bigint not null,
  result_file_id uuid,
  error jsonb,
  failures integer not null,
  version bigint not null,
  created_at timestamptz(3) not null,
  started_at timestamptz(3),
  finished_at timestamptz(3),
  -- The lease: the token grows with every grant, and a writer with an old one writes nothing.
  token bigint not null,
  due_at timestamptz not null,
  traceparent text,
  constraint task_counts check (items_done >= 0 and items_failed >= 0)
);
create index task_by_age on task (created_at desc, id desc);
create index task_due on task (due_at) where status in ('PENDING', 'RUNNING', 'CANCELLING');

create table task_item (
  task_id uuid not null references task (id) on delete cascade,
  number bigint not null,
  -- Of the file that it came from; 0 when it came from none.
  line bigint not null,
  subject text not null,
  input jsonb not null,
  status text not null check (status in ('PENDING', 'DONE', 'FAILED')),
  result text not null,
  error jsonb,
  primary key (task_id, number)
);
create index task_item_pending on task_item (task_id, number) where status = 'PENDING';
create index task_item_failed on task_item (task_id, number) where status = 'FAILED';
