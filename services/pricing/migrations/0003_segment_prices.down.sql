drop table customer_segment;
alter table price_list drop column segment;
