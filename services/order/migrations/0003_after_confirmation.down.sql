drop table erased_customer;
alter table orders drop column returns, drop column cancel_requested_at;
alter table orders drop constraint orders_status_check;
-- What came back is completed again: the older program knows no other word for it.
update orders set status = 'COMPLETED' where status = 'RETURNED';
alter table orders add constraint orders_status_check
  check (status in ('PENDING', 'CONFIRMED', 'SHIPPED', 'DELIVERED', 'COMPLETED', 'CANCELLED'));
