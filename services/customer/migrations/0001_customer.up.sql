create table customer (
  id uuid primary key,
  email text not null,
  display_name text not null,
  phone text not null,
  locale text not null,
  time_zone text not null,
  segment text not null check (segment in ('new', 'regular', 'loyal', 'vip', 'dormant')),
  registered_at timestamptz not null,
  updated_at timestamptz not null,
  erased_at timestamptz,
  version bigint not null,
  -- Who was forgotten stays forgotten, even for a bug.
  constraint customer_erased_is_blank check (erased_at is null or (email = '' and display_name = '' and phone = ''))
);

create index customer_by_segment on customer (segment, id desc);
create index customer_by_email on customer (lower(email) text_pattern_ops);

create table address (
  id uuid primary key,
  customer_id uuid not null references customer,
  label text not null,
  recipient text not null,
  line1 text not null,
  line2 text not null,
  postal_code text not null,
  city text not null,
  region text not null,
  country_code text not null,
  phone text not null,
  is_default boolean not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create index address_by_customer on address (customer_id);
create unique index address_one_default on address (customer_id) where is_default;

-- One per person who was ever named by an order or a registration, whichever came first: hence no reference to customer. Its row
-- is the lock behind which registration, orders and segments of one person take turns.
create table order_statistics (
  customer_id uuid primary key,
  orders integer not null check (orders >= 0),
  cancelled integer not null check (cancelled >= 0),
  returned integer not null check (returned >= 0),
  -- Minor units by currency, as text: JSON numbers end at 2^53.
  spent jsonb not null,
  last_order_at timestamptz
) with (fillfactor = 80);

create index order_statistics_by_last_order on order_statistics (last_order_at) where last_order_at is not null;

-- The newest that is known of each order: an event with a smaller version changes nothing.
create table order_record (
  order_id uuid primary key,
  customer_id uuid not null,
  version bigint not null,
  status text not null,
  confirmed boolean not null,
  currency char(3) not null,
  total_minor bigint not null,
  returned_minor bigint not null,
  returned boolean not null,
  placed_at timestamptz not null
) with (fillfactor = 80);

create index order_record_by_customer on order_record (customer_id, placed_at desc);
