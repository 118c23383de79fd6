drop function customer_is_erased(uuid);
