drop index operation_one_open;
update operation set status = 'OPEN' where status = 'PARKED';
create unique index operation_one_open on operation (payment_id) where status = 'OPEN';
alter table operation drop constraint operation_status_check;
alter table operation add constraint operation_status_check check (status in ('OPEN', 'SUCCEEDED', 'FAILED'));
drop table provider_webhook;
