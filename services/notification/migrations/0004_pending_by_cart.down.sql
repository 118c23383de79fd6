-- no-transaction
drop index concurrently if exists notification_pending_cart;
