-- What the provider told us: hints that make an operation due, never facts.
create table provider_webhook (
  provider text not null,
  event_id text not null,
  operation_id uuid,
  body text not null,
  status text not null check (status in ('OPEN', 'DONE', 'ABANDONED')),
  attempts integer not null default 0,
  due_at timestamptz not null default now(),
  received_at timestamptz not null default now(),
  primary key (provider, event_id)
);

create index provider_webhook_due on provider_webhook (due_at) where status = 'OPEN';
