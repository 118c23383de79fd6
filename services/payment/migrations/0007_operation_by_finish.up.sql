-- no-transaction
drop index concurrently if exists operation_by_finish;
create index concurrently operation_by_finish on operation (finished_at) where status = 'SUCCEEDED' and kind in ('CAPTURE', 'REFUND');
