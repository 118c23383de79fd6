-- What reconciliation has found. A product has one open drift at most.
create table stock_drift (
  id uuid primary key,
  product_id uuid not null,
  status text not null check (status in ('OPEN', 'REPAIRED', 'GONE')),
  on_hand integer not null,
  reserved integer not null,
  on_hand_by_ledger integer not null,
  reserved_by_ledger integer not null,
  reserved_by_orders integer not null,
  found_at timestamptz not null,
  ended_at timestamptz,
  note text not null default '',
  constraint stock_drift_ends check ((status = 'OPEN') = (ended_at is null))
);

create unique index stock_drift_one_open on stock_drift (product_id) where status = 'OPEN';
create index stock_drift_by_status on stock_drift (status, id desc);

-- Returns whose pieces are back on the shelf: each once.
create table stock_return (
  return_id uuid primary key,
  order_id uuid not null,
  at timestamptz not null
);
