-- no-transaction
-- Messages whose text is still kept, oldest first: the list that shrinks again.
drop index concurrently if exists notification_text_kept;
create index concurrently notification_text_kept on notification (created_at) where body_text <> '';
