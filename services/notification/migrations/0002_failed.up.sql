-- no-transaction
-- What was given up, newest first: the list that people ask for.
drop index concurrently if exists notification_failed;
create index concurrently notification_failed on notification (id desc) where status = 'FAILED';
