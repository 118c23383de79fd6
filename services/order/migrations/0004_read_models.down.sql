drop table seller_return;
drop table seller_line;
drop table my_order;
