drop function lock_recipient;
