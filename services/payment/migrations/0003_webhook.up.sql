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

-- PARKED: given up to a person. It still blocks its payment, as nobody knows what the provider did.
alter table operation drop constraint operation_status_check;
alter table operation add constraint operation_status_check check (status in ('OPEN', 'PARKED', 'SUCCEEDED', 'FAILED'));
drop index operation_one_open;
create unique index operation_one_open on operation (payment_id) where status in ('OPEN', 'PARKED');
