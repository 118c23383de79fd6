create table seller (
  id uuid primary key,
  name text not null,
  slug text not null constraint seller_slug unique,
  status text not null check (status in ('ACTIVE', 'SUSPENDED')),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);

create table category (
  id uuid primary key,
  parent_id uuid references category,
  name text not null,
  slug text not null constraint category_slug unique,
  -- From the top down to itself.
  path uuid[] not null,
  version bigint not null
);

create index category_by_parent on category (parent_id);
create index category_subtree on category using gin (path);

create table product (
  id uuid primary key,
  seller_id uuid not null references seller,
  sku text not null,
  name text not null,
  description text not null,
  category_id uuid references category,
  attributes jsonb not null,
  image_urls jsonb not null,
  tax_category text not null,
  status text not null check (status in ('DRAFT', 'ACTIVE', 'ARCHIVED')),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  constraint product_sku_per_seller unique (seller_id, sku)
);

create index product_by_category on product (category_id, id desc);
create index product_by_seller on product (seller_id, id desc);
create index product_by_sku on product (sku);

-- Read model, fed by events in any order: each part carries the version that it was written from. A price or a stock level
-- may come before its product, and waits here.
create table listing_price (
  product_id uuid not null,
  currency char(3) not null,
  amount_minor bigint not null,
  regular_minor bigint not null,
  version bigint not null,
  primary key (product_id, currency)
);

create table listing_stock (
  product_id uuid primary key,
  available integer not null,
  version bigint not null,
  updated_at timestamptz not null
);
