-- The stand-in carrier's parcels, until shipping exists.
create table standin_shipment (
  id uuid primary key,
  order_id uuid not null,
  seller_id uuid not null,
  lines jsonb not null,
  state text not null check (state in ('CREATED', 'DISPATCHED', 'DELIVERED', 'CANCELLED')),
  due_at timestamptz not null,
  version bigint not null,
  -- Of the order's confirmation: its parcels go on in the same trace.
  traceparent text,
  unique (order_id, seller_id)
);

create index standin_shipment_due on standin_shipment (due_at) where state in ('CREATED', 'DISPATCHED');
