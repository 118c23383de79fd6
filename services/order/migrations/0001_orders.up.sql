create table orders (
  id uuid primary key,
  customer_id uuid not null,
  -- What makes a checkout one and the same when it comes again: cart and version, or the caller's Idempotency-Key.
  checkout_key text not null constraint orders_one_per_checkout unique,
  status text not null check (status in ('PENDING', 'CONFIRMED', 'SHIPPED', 'DELIVERED', 'COMPLETED', 'CANCELLED')),
  currency char(3) not null,
  lines jsonb not null,
  subtotal_minor bigint not null check (subtotal_minor >= 0),
  discount_minor bigint not null check (discount_minor >= 0),
  tax_minor bigint not null check (tax_minor >= 0),
  total_minor bigint not null,
  payment_method jsonb not null,
  shipping_address jsonb not null,
  notes text not null,
  voucher_code text not null,
  cart_id text not null,
  quote_id text not null,
  payment_id text not null,
  cancel_reason text,
  cancel_note text,
  reservation_expires_at timestamptz not null,
  reserved_at timestamptz,
  confirmed_at timestamptz,
  paid_at timestamptz,
  shipped_at timestamptz,
  delivered_at timestamptz,
  completed_at timestamptz,
  cancelled_at timestamptz,
  created_at timestamptz(3) not null,
  updated_at timestamptz not null,
  version bigint not null,
  constraint orders_total_adds_up check (total_minor = subtotal_minor - discount_minor + tax_minor)
) with (fillfactor = 70); -- rewritten at every step: room for heap-only updates

create index orders_by_customer on orders (customer_id, created_at desc, id desc);
create index orders_by_creation on orders (created_at desc, id desc);
create index orders_pending on orders (reservation_expires_at) where status = 'PENDING';
create index orders_unpaid on orders (shipped_at) where paid_at is null and shipped_at is not null;

-- The seller dashboard: written in the transaction that changes the order, so that a seller reads what they did.
create table seller_order (
  seller_id uuid not null,
  order_id uuid not null references orders,
  status text not null,
  currency char(3) not null,
  revenue_minor bigint not null,
  items integer not null,
  primary key (seller_id, order_id)
) with (fillfactor = 80);

create index seller_order_by_order on seller_order (order_id);

-- What the order context published about an order; what came in stands in the saga's history.
create table order_event (
  event_id uuid primary key,
  order_id uuid not null,
  topic text not null,
  note text not null,
  at timestamptz not null
);

create index order_event_by_order on order_event (order_id, event_id);
