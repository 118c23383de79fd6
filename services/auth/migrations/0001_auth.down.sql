drop table signing_key;
drop table login_throttle;
drop table refresh_token;
drop table session;
drop table app_user;
