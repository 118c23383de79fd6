-- no-transaction
drop index concurrently if exists notification_text_kept;
