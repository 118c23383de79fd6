-- no-transaction
-- The orders in which categories and sellers are listed; of a parent, and of a status, as well.
drop index concurrently if exists category_by_name;
create index concurrently category_by_name on category (name, id, parent_id);
drop index concurrently if exists seller_by_name;
create index concurrently seller_by_name on seller (name, id, status);
