-- One part as its owner announced it, and the event that brought it.
create type document_change as (
  -- Its place among those that come together.
  n integer,
  -- The inbox's key; null: no event brought it.
  consumer text,
  event text,
  type text,
  id uuid,
  part text,
  version bigint,
  deleted boolean,
  content jsonb,
  -- Of a base: the keys under which it is indexed.
  keys text[],
  -- Of a product's base: who offers it. Of an order's: whose it is.
  seller text,
  customer uuid
);

-- Takes parts, many in one call: inbox, truth and tasks for the engine commit together, and no client stands between two of its statements.
-- What is not newer than what is known, or than an earlier one of the same call, changes nothing.
-- applied: the places of those that changed something. repeated: of those whose event had been handled before.
-- Locks, each kind in one order: inbox, sellers, customers (advisory), documents, their parts, their tasks.
create function take_document_parts(given json, out applied integer[], out repeated integer[])
language plpgsql
-- Plans are kept: they must not be those of the tables as they were when there was nothing in them.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  items document_change[] := array(select i from json_populate_recordset(null::document_change, given) i);
  written document_change[];
  locked bigint[];
  erased uuid[];
begin
  with wanted as (
    select i.consumer, i.event, min(i.n) as n from unnest(items) i where i.event is not null group by i.consumer, i.event
  ), fresh as (
    insert into tandem.inbox (consumer, event_id) select w.consumer, w.event from wanted w order by w.consumer, w.event
    on conflict do nothing returning inbox.consumer, inbox.event_id
  )
  select coalesce(array_agg(i.n) filter (where i.event is not null and f.event_id is null), '{}'),
    coalesce(array_agg(i) filter (where i.event is null or f.event_id is not null), '{}')
  into repeated, items
  from unnest(items) i
  left join wanted w on w.consumer = i.consumer and w.event = i.event and w.n = i.n
  left join fresh f on f.consumer = w.consumer and f.event_id = w.event;

  -- Against a suspension at the same moment: one of the two sees the other.
  locked := array(select distinct hashtextextended('search seller ' || i.seller, 0) from unnest(items) i where i.seller is not null order by 1);
  perform pg_advisory_xact_lock_shared(l) from unnest(locked) l;
  locked := array(select distinct hashtextextended('search customer ' || i.customer, 0) from unnest(items) i where i.customer is not null order by 1);
  if cardinality(locked) > 0 then
    -- Against an erasure at the same moment. What reaches us after a person asked to be forgotten names nobody either.
    perform pg_advisory_xact_lock_shared(l) from unnest(locked) l;
    erased := array(select e.customer_id from erased_customer e where e.customer_id in (select i.customer from unnest(items) i));
  end if;

  insert into document (type, id) select distinct i.type, i.id from unnest(items) i order by 1, 2 on conflict do nothing;
  perform from document d where (d.type, d.id) in (select i.type, i.id from unnest(items) i) order by d.type, d.id for no key update;

  select coalesce(array_agg(t.item order by t.n) filter (where t.newer), '{}') into written from (
    select i as item, i.n, coalesce(i.version > greatest(p.version, max(i.version) over (
      partition by i.type, i.id, i.part order by i.n rows between unbounded preceding and 1 preceding)), true) as newer
    from unnest(items) i left join document_part p on p.type = i.type and p.id = i.id and p.part = i.part) t;
  applied := array(select w.n from unnest(written) w);
  if cardinality(written) = 0 then
    return;
  end if;
  -- Of one part only the newest is kept.
  written := array(select (array_agg(w order by w.version desc))[1] from unnest(written) w group by w.type, w.id, w.part);

  insert into document_part as p (type, id, part, version, deleted, content)
  select w.type, w.id, w.part, w.version, w.deleted,
    case when w.customer = any(erased) then w.content - 'customerId' || '{"personal": ""}' else w.content end
  from unnest(written) w order by 1, 2, 3
  on conflict (type, id, part) do update set version = excluded.version, deleted = excluded.deleted, content = excluded.content
  where p.version < excluded.version;

  with changed as (
    update document d set version = d.version + 1, updated_at = now(),
      customer_id = case when c.base is null then d.customer_id when (c.base).customer = any(erased) then null else (c.base).customer end,
      view_keys = case when (c.base).keys <@ d.view_keys is not false then d.view_keys
        else array(select k from unnest(d.view_keys || (c.base).keys) k group by k order by k) end
    from (
      select w.type, w.id, (array_agg(w) filter (where w.part = 'BASE'))[1] as base from unnest(written) w group by w.type, w.id
    ) c
    where d.type = c.type and d.id = c.id
    returning d.type, d.id, d.version)
  insert into index_task (type, id, version) select c.type, c.id, c.version from changed c order by 1, 2
  on conflict (type, id) do update
  set version = excluded.version, status = 'OPEN', due_at = now(), attempts = 0, last_error = '', parked_at = null;
end $$;

-- Claims due tasks and reads what they are about: in one call, but the documents are read after the claim, so that what is read is never older
-- than the task that is done with it, and the indexes after the documents, so that one that is not in the list will see them in its scan.
-- A claim is a lease by the database's clock: due_at moves ahead, so nothing is lost when the claimer dies. Two workers on one document do no
-- harm: both write what is true at their moment, and the engine keeps the higher version.
create function claim_index_tasks(most integer, lease_ms integer, of_engine text)
  returns table (type text, id uuid, task_version bigint, attempts integer, rounds integer, version bigint, view_keys text[],
    updated_at timestamptz, seller_suspended boolean, parts json, targets text[])
language plpgsql
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  claimed index_task[];
begin
  with due as (
    select t.type, t.id from index_task t where t.status = 'OPEN' and t.due_at <= now() order by t.due_at limit most for update skip locked
  ), taken as (
    update index_task t set due_at = now() + lease_ms * interval '1 millisecond'
    from due where t.type = due.type and t.id = due.id
    returning t as task
  )
  select array_agg(task) into claimed from taken;
  if claimed is null then
    return;
  end if;
  return query
    select t.type, t.id, t.version, t.attempts, t.rounds, d.version, d.view_keys, d.updated_at,
      t.type = 'PRODUCT' and exists (
        select from document_part b join seller_standing s on s.suspended and s.seller_id = (b.content ->> 'sellerId')::uuid
        where b.type = t.type and b.id = t.id and b.part = 'BASE'
      ),
      coalesce((
        select json_agg(json_build_object('part', p.part, 'version', p.version::text, 'deleted', p.deleted, 'content', p.content))
        from document_part p where p.type = t.type and p.id = t.id
      ), '[]'),
      array(select i.name from search_index i where i.engine = of_engine and i.state in ('LIVE', 'BUILDING'))
    from unnest(claimed) t left join document d on d.type = t.type and d.id = t.id;
end $$;
