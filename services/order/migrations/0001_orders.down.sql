drop table order_event;
drop table seller_order;
drop table orders;
