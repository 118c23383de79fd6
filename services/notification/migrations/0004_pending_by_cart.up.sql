-- no-transaction
-- Reminders that are called back when their cart changes: without it every change looks at all messages that are still to be sent.
drop index concurrently if exists notification_pending_cart;
create index concurrently notification_pending_cart on notification (cart_id) where status in ('PENDING', 'WAITING');
