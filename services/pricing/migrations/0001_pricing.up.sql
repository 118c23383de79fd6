-- What catalog says about a product, as far as prices need it. A deleted one stays as a tombstone: late news must not revive it.
create table product (
  product_id uuid primary key,
  seller_id uuid not null,
  sku text not null,
  name text not null,
  tax_category text not null,
  status text not null check (status in ('DRAFT', 'ACTIVE', 'ARCHIVED')),
  -- Catalog's aggregate version: older news is ignored.
  version bigint not null
);

create index product_by_seller on product (seller_id, product_id);

create table price_list (
  id uuid primary key,
  name text not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  is_default boolean not null,
  version bigint not null,
  created_at timestamptz(3) not null,
  unique (id, currency)
);

create unique index price_list_one_default_per_currency on price_list (currency) where is_default;

-- The aggregate behind `price.changed`: whoever changes a product's prices locks its row first, and counts it up.
create table product_price (
  product_id uuid primary key,
  version bigint not null
) with (fillfactor = 80);

create table price (
  product_id uuid not null references product_price,
  price_list_id uuid not null,
  currency text not null,
  amount_minor bigint not null constraint price_positive check (amount_minor > 0),
  version bigint not null,
  updated_at timestamptz(3) not null,
  primary key (product_id, price_list_id),
  -- A price in another currency than its list's is impossible even for a bug.
  constraint price_in_currency_of_list foreign key (price_list_id, currency) references price_list (id, currency)
);

create table promotion (
  id uuid primary key,
  name text not null,
  -- Exactly one of the two kinds of reduction.
  basis_points integer check (basis_points between 1 and 10000),
  amount_minor bigint check (amount_minor > 0),
  currency text check (currency ~ '^[A-Z]{3}$'),
  product_ids uuid[] not null,
  seller_id uuid,
  min_quantity integer not null check (min_quantity between 1 and 999),
  starts_at timestamptz(3) not null,
  ends_at timestamptz(3) not null,
  status text not null check (status in ('SCHEDULED', 'ACTIVE', 'ENDED', 'DEACTIVATED')),
  version bigint not null,
  created_at timestamptz(3) not null,
  constraint promotion_one_discount check ((basis_points is null) = (amount_minor is not null)),
  constraint promotion_amount_has_currency check ((amount_minor is null) = (currency is null)),
  constraint promotion_period check (ends_at > starts_at)
);

-- What the activation job looks for (by start, by end), and what quotes look through (by seller).
create index promotion_open_by_start on promotion (starts_at) where status = 'SCHEDULED';
create index promotion_open_by_end on promotion (ends_at) where status in ('SCHEDULED', 'ACTIVE');
create index promotion_open_by_seller on promotion (seller_id, ends_at) where status in ('SCHEDULED', 'ACTIVE');
create index promotion_by_seller on promotion (seller_id, id);

-- Products whose price changed by a promotion and has not been announced yet. One row per product, however many promotions.
create table price_announcement (
  product_id uuid primary key,
  cause text not null check (cause in ('PROMOTION_STARTED', 'PROMOTION_ENDED')),
  queued_at timestamptz(3) not null
);

create table voucher (
  id uuid primary key,
  code text not null constraint voucher_code_taken unique,
  basis_points integer check (basis_points between 1 and 10000),
  amount_minor bigint check (amount_minor > 0),
  currency text check (currency ~ '^[A-Z]{3}$'),
  min_subtotal_minor bigint check (min_subtotal_minor > 0),
  min_subtotal_currency text check (min_subtotal_currency ~ '^[A-Z]{3}$'),
  -- Null: as often as you like.
  usage_limit integer check (usage_limit > 0),
  usage_limit_per_customer integer check (usage_limit_per_customer > 0),
  starts_at timestamptz(3) not null,
  ends_at timestamptz(3) not null,
  version bigint not null,
  created_at timestamptz(3) not null,
  constraint voucher_one_discount check ((basis_points is null) = (amount_minor is not null)),
  constraint voucher_amount_has_currency check ((amount_minor is null) = (currency is null)),
  constraint voucher_min_has_currency check ((min_subtotal_minor is null) = (min_subtotal_currency is null)),
  constraint voucher_period check (ends_at > starts_at)
);

-- Uses of vouchers that have a limit. A quote holds one until it expires, its order uses it up, a cancelled order gives it back.
create table voucher_use (
  quote_id uuid primary key,
  voucher_id uuid not null references voucher,
  customer_id uuid,
  status text not null check (status in ('HELD', 'USED', 'RELEASED')),
  held_until timestamptz(3) not null
);

create index voucher_use_by_voucher on voucher_use (voucher_id, customer_id) where status <> 'RELEASED';

create table tax_rate (
  country text not null check (country ~ '^[A-Z]{2}$'),
  category text not null,
  basis_points integer not null check (basis_points between 0 and 10000),
  version bigint not null,
  primary key (country, category)
);

create table quote (
  id uuid primary key,
  customer_id uuid,
  currency text not null,
  country text not null,
  voucher_code text not null,
  lines jsonb not null,
  subtotal_minor bigint not null check (subtotal_minor >= 0),
  discount_minor bigint not null check (discount_minor between 0 and subtotal_minor),
  tax_minor bigint not null check (tax_minor >= 0),
  total_minor bigint not null,
  expires_at timestamptz(3) not null,
  created_at timestamptz(3) not null,
  constraint quote_adds_up check (total_minor = subtotal_minor - discount_minor + tax_minor)
);

create index quote_by_expiry on quote (expires_at);
