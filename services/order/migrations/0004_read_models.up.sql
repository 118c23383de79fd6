-- Read models, written in the transaction that changes the order: whoever has written reads it, and nothing can be lost between the two.
-- All of it can be made anew from `orders`, as here.

-- A customer's list.
create table my_order (
  order_id uuid primary key references orders,
  customer_id uuid not null,
  status text not null,
  currency char(3) not null,
  total_minor bigint not null,
  items integer not null,
  title text not null,
  paid boolean not null,
  cancel_requested boolean not null,
  open_returns integer not null,
  version bigint not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz not null
) with (fillfactor = 70);

create index my_order_by_customer on my_order (customer_id, created_at desc, order_id desc);
create index my_order_by_status on my_order (customer_id, status, created_at desc, order_id desc);

insert into my_order
select o.id, o.customer_id, o.status, o.currency, o.total_minor,
  coalesce((select sum((l ->> 'quantity')::int) from jsonb_array_elements(o.lines) l), 0),
  coalesce(o.lines -> 0 ->> 'name', ''), o.paid_at is not null, false, 0, o.version, o.created_at, o.updated_at
from orders o;

-- What each seller has sold, line by line: the dashboard's products.
create table seller_line (
  order_id uuid not null references orders,
  seller_id uuid not null,
  product_id uuid not null,
  sku text not null,
  name text not null,
  quantity integer not null,
  currency char(3) not null,
  revenue_minor bigint not null,
  primary key (order_id, product_id)
);

create index seller_line_by_seller on seller_line (seller_id, product_id);

insert into seller_line
select o.id, (l ->> 'sellerId')::uuid, (l ->> 'productId')::uuid, l ->> 'sku', l ->> 'name', (l ->> 'quantity')::int, o.currency,
  (l ->> 'unitPrice')::bigint * (l ->> 'quantity')::int - (l ->> 'discount')::bigint + (l ->> 'tax')::bigint
from orders o, jsonb_array_elements(o.lines) l
on conflict do nothing;

create table seller_return (
  return_id uuid primary key,
  order_id uuid not null references orders,
  seller_id uuid not null,
  status text not null check (status in ('REQUESTED', 'RECEIVED', 'REFUNDED')),
  currency char(3) not null,
  refund_minor bigint not null
) with (fillfactor = 80);

create index seller_return_by_seller on seller_return (seller_id);
