-- Whether a customer asked to be forgotten, locked against being forgotten until the end of the transaction. In one statement with what opens a
-- shipment: each statement in here sees what was committed before it began, so the lock is there before the look.
create function customer_is_erased(customer uuid) returns boolean language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('shipping customer ' || customer::text, 6));
  return exists (select from erased_customer where customer_id = customer);
end
$$;
