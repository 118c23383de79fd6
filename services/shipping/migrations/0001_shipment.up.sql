create table shipment (
  id uuid primary key,
  kind text not null check (kind in ('FULFILLMENT', 'RETURN', 'EXTRA')),
  status text not null
    check (status in ('PENDING', 'BOOKED', 'LABELLED', 'DISPATCHED', 'DELIVERED', 'FAILED', 'CANCELLED')),
  order_id uuid not null,
  seller_id uuid not null,
  customer_id uuid not null,
  fulfillment_id uuid constraint shipment_one_per_fulfillment unique,
  return_id uuid constraint shipment_one_per_return unique,
  lines jsonb not null,
  sender jsonb not null,
  recipient jsonb not null,
  weight_grams integer not null check (weight_grams >= 0),
  service_level text not null check (service_level in ('STANDARD', 'EXPRESS')),
  carrier text not null,
  carrier_service text not null,
  price_currency char(3),
  price_minor bigint check (price_minor >= 0),
  tracking_number text not null,
  tracking_url text not null,
  routing_code text not null,
  estimated_delivery_at timestamptz,
  refused_by jsonb not null,
  handed_over boolean not null,
  cancelled_by text check (cancelled_by in ('FULFILLMENT', 'HAND')),
  erased boolean not null,
  failure text check (failure in ('LOST', 'REFUSED', 'UNDELIVERABLE')),
  reason text not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz not null,
  dispatched_at timestamptz,
  delivered_at timestamptz,
  version bigint not null,
  constraint shipment_is_of_its_kind
    check ((kind = 'FULFILLMENT') = (fulfillment_id is not null) and (kind = 'RETURN') = (return_id is not null)),
  constraint shipment_cancelled_never_leaves check (cancelled_by is null or status not in ('DISPATCHED', 'DELIVERED'))
) with (fillfactor = 70); -- rewritten at every step: room for heap-only updates

create unique index shipment_by_tracking_number on shipment (carrier, tracking_number) where tracking_number <> '';
create index shipment_by_order on shipment (order_id);
create index shipment_by_seller on shipment (seller_id, created_at desc, id desc);
create index shipment_by_customer on shipment (customer_id, created_at desc, id desc);
create index shipment_by_creation on shipment (created_at desc, id desc);
-- What the repair of tracking looks through: few rows of many.
create index shipment_on_its_way on shipment (id) where status = 'DISPATCHED';

-- What is asked of carriers. Open rows are leased by workers (@tandem/operations); closed ones stay as the record.
create table operation (
  id uuid primary key,
  shipment_id uuid not null references shipment,
  kind text not null check (kind in ('RATE', 'BOOK', 'LABEL', 'PICKUP', 'TRACK', 'CANCEL')),
  status text not null check (status in ('OPEN', 'SUCCEEDED', 'FAILED')),
  due_at timestamptz not null,
  attempts integer not null default 0,
  token bigint not null default 0,
  -- The carrier may have acted: ask before asking again.
  uncertain boolean not null default false,
  last_error text,
  -- Of the request that led to it: its outcome goes on in the same trace.
  traceparent text,
  created_at timestamptz not null,
  finished_at timestamptz
) with (fillfactor = 80);

-- One thing at a time is asked about a shipment, and no carrier is booked twice for it.
create unique index operation_one_open on operation (shipment_id) where status = 'OPEN';
create unique index operation_one_booking on operation (shipment_id) where kind = 'BOOK' and status = 'SUCCEEDED';
create unique index operation_one_pickup on operation (shipment_id) where kind = 'PICKUP' and status = 'SUCCEEDED';
create index operation_due on operation (due_at) where status = 'OPEN';

-- The carrier's story, as often as it is told.
create table tracking_event (
  shipment_id uuid not null references shipment,
  at timestamptz not null,
  status text not null,
  text text not null,
  place text not null,
  primary key (shipment_id, at, status)
);

-- Printed labels: rendered once.
create table label_document (
  shipment_id uuid primary key references shipment,
  pdf bytea not null,
  created_at timestamptz not null default now()
);

-- Who asked to be forgotten: what is heard of them later is blanked at its end.
create table erased_customer (
  customer_id uuid primary key,
  erased_at timestamptz not null default now()
);
