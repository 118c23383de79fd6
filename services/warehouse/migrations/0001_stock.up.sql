create table stock (
  product_id uuid primary key,
  seller_id uuid not null,
  on_hand integer not null check (on_hand >= 0),
  reserved integer not null check (reserved >= 0),
  version bigint not null,
  updated_at timestamptz not null,
  -- Overselling is impossible even for a bug: the database refuses it.
  constraint stock_not_oversold check (reserved <= on_hand)
) with (fillfactor = 70); -- hot rows: room for heap-only updates

create index stock_by_seller on stock (seller_id, product_id);

create table reservation (
  id uuid primary key,
  order_id uuid not null constraint reservation_one_per_order unique,
  status text not null check (status in ('HELD', 'COMMITTED', 'RELEASED', 'EXPIRED', 'REJECTED')),
  lines jsonb not null,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  version bigint not null
) with (fillfactor = 80);

create index reservation_held_by_expiry on reservation (expires_at) where status = 'HELD';

create table movement (
  id uuid primary key,
  product_id uuid not null,
  kind text not null,
  on_hand_delta integer not null,
  reserved_delta integer not null,
  reference text not null,
  at timestamptz not null
);

create index movement_by_product on movement (product_id, id desc);
