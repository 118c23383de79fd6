-- no-transaction
drop index concurrently if exists price_list_one_per_segment;
