-- no-transaction
-- The products that were there before the triggers, some at a time: nobody waits for all of them. Repeatable.
do $$
declare
  last uuid := '00000000-0000-0000-0000-000000000000';
  batch uuid[];
begin
  loop
    select array_agg(id order by id) into batch from (select id from product where id > last order by id limit 500) p;
    exit when batch is null;
    perform listing_refresh(id) from unnest(batch) id;
    last := batch[cardinality(batch)];
    commit;
  end loop;
end $$;
-- A page is planned once for each connection: not before Postgres knows the table.
analyze listing;
