-- no-transaction
drop index concurrently if exists seller_by_name;
drop index concurrently if exists category_by_name;
