-- no-transaction
drop index concurrently if exists orders_cancel_requested;
