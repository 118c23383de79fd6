-- What was given up, newest first: the list that people ask for.
create index notification_failed on notification (id desc) where status = 'FAILED';
