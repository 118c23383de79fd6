drop table verification;
alter table app_user drop column email_confirmed_at;
