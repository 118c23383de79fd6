drop table order_record;
drop table order_statistics;
drop table address;
drop table customer;
