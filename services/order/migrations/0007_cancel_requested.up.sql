-- no-transaction
drop index concurrently if exists orders_cancel_requested;
create index concurrently orders_cancel_requested on orders (cancel_requested_at) where cancel_requested_at is not null;
