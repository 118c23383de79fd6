drop table customer_segment;
drop index price_list_one_per_segment;
alter table price_list drop column segment;
