-- What a page of listings is read from: a row for each active product and each currency that it has a price in, with all that pages
-- are filtered and sorted by, so that a page is a walk along one index whatever else is in the tables. What is shown beside that is
-- read for the rows of the page alone; sellers are few, and the suspended ones are left out as pages are read.
create table listing (
  product_id uuid not null,
  currency char(3) not null,
  seller_id uuid not null,
  category_id uuid,
  name text not null,
  amount_minor bigint not null,
  regular_minor bigint not null,
  in_stock boolean not null,
  primary key (product_id, currency)
);

-- One for each order. The filters stand behind it: rows that they leave out are passed over in the index.
create index listing_by_name on listing (currency, name, product_id, category_id, seller_id, in_stock);
create index listing_by_price on listing (currency, amount_minor, product_id, category_id, seller_id, in_stock);
create index listing_newest on listing (currency, product_id, category_id, seller_id, in_stock);

-- Triggers, because whoever writes one of the three tables changes the listing: the release before this one too, while it still runs.
-- Product, price and stock come in transactions of their own, at the same moment: each locks the product's row first, and looks at the
-- others' rows after that (a new statement is a new snapshot), so that the last one sees them all.
create function listing_refresh(wanted uuid) returns void language plpgsql as $$
begin
  perform from product where id = wanted for no key update;
  -- Price and stock may be early; the product will look for them.
  if not found then return; end if;
  insert into listing (product_id, currency, seller_id, category_id, name, amount_minor, regular_minor, in_stock)
  select p.id, pr.currency, p.seller_id, p.category_id, p.name, pr.amount_minor, pr.regular_minor, coalesce(st.available, 0) > 0
  from product p join listing_price pr on pr.product_id = p.id left join listing_stock st on st.product_id = p.id
  where p.id = wanted and p.status = 'ACTIVE'
  on conflict (product_id, currency) do update set
    category_id = excluded.category_id, name = excluded.name, amount_minor = excluded.amount_minor,
    regular_minor = excluded.regular_minor, in_stock = excluded.in_stock;
  delete from listing l where l.product_id = wanted and not exists (
    select from product p join listing_price pr on pr.product_id = p.id
    where p.id = l.product_id and p.status = 'ACTIVE' and pr.currency = l.currency);
end $$;

create function listing_follow_product() returns trigger language plpgsql as $$
begin
  perform listing_refresh(new.id);
  return null;
end $$;

create function listing_follow_price() returns trigger language plpgsql as $$
begin
  perform listing_refresh(new.product_id);
  return null;
end $$;

create function listing_follow_stock() returns trigger language plpgsql as $$
begin
  perform from product where id = new.product_id for no key update;
  update listing set in_stock = new.available > 0
  where product_id = new.product_id and in_stock is distinct from (new.available > 0);
  return null;
end $$;

create trigger listing_added after insert on product
  for each row when (new.status = 'ACTIVE') execute function listing_follow_product();
create trigger listing_changed after update of status, name, category_id on product
  for each row when ((old.status, old.name, old.category_id) is distinct from (new.status, new.name, new.category_id))
  execute function listing_follow_product();
create trigger listing_priced after insert or update on listing_price
  for each row execute function listing_follow_price();
-- Most changes of a stock level leave it above nothing, and the listing alone.
create trigger listing_stocked after insert on listing_stock
  for each row when (new.available > 0) execute function listing_follow_stock();
create trigger listing_restocked after update of available on listing_stock
  for each row when ((old.available > 0) is distinct from (new.available > 0)) execute function listing_follow_stock();
