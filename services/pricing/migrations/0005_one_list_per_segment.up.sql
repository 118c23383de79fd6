-- no-transaction
drop index concurrently if exists price_list_one_per_segment;
create unique index concurrently price_list_one_per_segment on price_list (currency, segment) where segment <> '';
