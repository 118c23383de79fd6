drop index notification_failed;
