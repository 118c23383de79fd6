create table settlement (
  id uuid primary key,
  currency char(3) not null,
  gross_minor bigint not null,
  refunded_minor bigint not null,
  fee_minor bigint not null,
  net_minor bigint not null,
  payment_count integer not null,
  period_start timestamptz not null,
  period_end timestamptz not null,
  settled_at timestamptz not null,
  constraint settlement_adds_up check (net_minor = gross_minor - refunded_minor - fee_minor)
);

create table payment (
  id uuid primary key,
  order_id uuid not null constraint payment_one_per_order unique,
  customer_id uuid not null,
  method text not null check (method in ('CARD', 'COD')),
  card_token text not null,
  status text not null
    check (status in ('PENDING', 'AUTHORIZED', 'CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED', 'VOIDED', 'FAILED')),
  currency char(3) not null,
  amount_minor bigint not null check (amount_minor >= 0),
  captured_minor bigint not null,
  refunded_minor bigint not null check (refunded_minor >= 0),
  failure_code text,
  provider_reference text not null,
  cancelled boolean not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  authorized_at timestamptz,
  captured_at timestamptz,
  settlement_id uuid references settlement,
  version bigint not null,
  constraint payment_not_overcaptured check (captured_minor between 0 and amount_minor),
  constraint payment_not_overrefunded check (refunded_minor <= captured_minor)
) with (fillfactor = 80);

create index payment_by_customer on payment (customer_id, id desc);
create index payment_unsettled on payment (captured_at) where settlement_id is null and captured_at is not null;

-- What is asked of the provider. Open rows are leased by workers; closed ones stay as the record.
create table operation (
  id uuid primary key,
  payment_id uuid not null references payment,
  kind text not null check (kind in ('AUTHORIZE', 'CAPTURE', 'VOID', 'REFUND')),
  currency char(3) not null,
  amount_minor bigint not null check (amount_minor >= 0),
  reason text not null,
  status text not null check (status in ('OPEN', 'SUCCEEDED', 'FAILED')),
  due_at timestamptz not null,
  attempts integer not null default 0,
  token bigint not null default 0,
  -- The provider may have acted: ask before asking again.
  uncertain boolean not null default false,
  reference text,
  failure_code text,
  last_error text,
  -- Of the request that led to it: its outcome goes on in the same trace.
  traceparent text,
  created_at timestamptz not null,
  finished_at timestamptz
) with (fillfactor = 80);

-- One thing at a time is asked about a payment.
create unique index operation_one_open on operation (payment_id) where status = 'OPEN';
create unique index operation_one_capture on operation (payment_id) where kind = 'CAPTURE' and status = 'SUCCEEDED';
create index operation_due on operation (due_at) where status = 'OPEN';
create index operation_by_payment on operation (payment_id, id);
