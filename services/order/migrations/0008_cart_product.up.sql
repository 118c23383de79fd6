-- What carts show of a product: catalog's part and pricing's, each by its owner's version, in whatever order they are told. Deleted products stay, as
-- ARCHIVED, so that late news do not bring them back. Made of events alone: those that were there before this show with their next change.
create table cart_product (
  product_id uuid primary key,
  name text not null default '',
  status text not null default 'UNKNOWN' check (status in ('UNKNOWN', 'DRAFT', 'ACTIVE', 'ARCHIVED')),
  product_version bigint not null default 0,
  -- Minor units by currency, as digits.
  prices jsonb not null default '{}',
  price_version bigint not null default 0
) with (fillfactor = 80);
