alter table orders drop constraint orders_status_check;
alter table orders add constraint orders_status_check
  check (status in ('PENDING', 'CONFIRMED', 'SHIPPED', 'DELIVERED', 'COMPLETED', 'CANCELLED', 'RETURNED')) not valid;
alter table orders
  add column cancel_requested_at timestamptz,
  -- Few, and always read with their order: part of it.
  add column returns jsonb not null default '[]';

-- Whoever asked to be forgotten: their orders are blanked as they end.
create table erased_customer (
  customer_id uuid primary key,
  at timestamptz not null
);
