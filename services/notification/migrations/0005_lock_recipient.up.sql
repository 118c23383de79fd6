-- All that a message needs to know before it is written, in one call: the event's inbox row, the order and its person locked in this order (and
-- opened where nobody has told of them), and what the person wants to hear. Each of its statements has a snapshot of its own, taken after the
-- locks before it: preferences that were changed under the contact's lock are seen, which one plain statement could not promise.
--
-- fresh: false where the inbox row was there; nothing else is done then. opened: nobody had heard of the person before.
create function lock_recipient(p_consumer text, p_event_id text, p_order_id uuid, p_customer_id uuid)
returns table (fresh boolean, known json, person json, opened boolean, wishes json) language plpgsql as $$
declare
  v_order known_order;
  v_contact contact;
  v_customer uuid := p_customer_id;
begin
  fresh := true; opened := false;
  if p_consumer is not null then
    insert into tandem.inbox (consumer, event_id) values (p_consumer, p_event_id) on conflict do nothing;
    fresh := found;
    if not fresh then
      return next; return;
    end if;
  end if;
  if p_order_id is not null then
    select o.* into v_order from known_order o where o.order_id = p_order_id for update;
    if not found then
      insert into known_order (order_id, customer_id, lines, version) values (p_order_id, null, '[]', 0) on conflict do nothing;
      select o.* into v_order from known_order o where o.order_id = p_order_id for update;
    end if;
    known := row_to_json(v_order);
    v_customer := coalesce(v_customer, v_order.customer_id);
  end if;
  if v_customer is not null then
    select c.* into v_contact from contact c where c.customer_id = v_customer for update;
    if not found then
      insert into contact (customer_id, state, email, phone, display_name, locale, time_zone, version, updated_at)
      values (v_customer, 'UNKNOWN', '', '', '', '', '', 0, now()) on conflict do nothing;
      opened := found;
      select c.* into v_contact from contact c where c.customer_id = v_customer for update;
    end if;
    person := row_to_json(v_contact);
    select row_to_json(p) into wishes from preference p where p.customer_id = v_customer;
  end if;
  return next;
end $$;
