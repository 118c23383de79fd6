drop table fulfillment;
drop table fulfilled_order;
