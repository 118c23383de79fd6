-- One per order that was heard of. Its row is locked before any of the order's fulfillments, so that a confirmation, a cancellation and a
-- new part of the same order take turns.
create table fulfilled_order (
  order_id uuid primary key,
  -- The order is cancelled: whatever is heard of it later opens nothing.
  cancelled_at timestamptz
);

create table fulfillment (
  id uuid primary key,
  order_id uuid not null references fulfilled_order,
  seller_id uuid not null,
  customer_id uuid not null,
  warehouse_code text not null,
  part integer not null check (part >= 1),
  more_parts boolean not null,
  status text not null
    check (status in ('PENDING', 'PICKING', 'PACKED', 'HANDED_OVER', 'SHIPPED', 'DELIVERED', 'CANCELLED', 'FAILED')),
  lines jsonb not null,
  shipping_address jsonb not null,
  shipment_id uuid,
  weight_grams integer not null check (weight_grams >= 0),
  reason text not null,
  flagged_at timestamptz,
  status_since timestamptz not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz not null,
  version bigint not null,
  -- Of the order's confirmation: what the crew does goes on in the same trace.
  traceparent text,
  constraint fulfillment_one_per_part unique (order_id, seller_id, warehouse_code, part)
) with (fillfactor = 70); -- rewritten at every step: room for heap-only updates

create index fulfillment_by_seller on fulfillment (seller_id, created_at desc, id desc);
create index fulfillment_by_creation on fulfillment (created_at desc, id desc);
-- What the crew and the scan look for: few rows of many.
create index fulfillment_open on fulfillment (status_since)
  where status in ('PENDING', 'PICKING', 'PACKED', 'HANDED_OVER', 'SHIPPED');
