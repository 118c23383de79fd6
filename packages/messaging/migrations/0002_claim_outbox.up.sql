-- Claims the next batch: one call, one snapshot after the lock, no client in its midst (a client that is paused or killed
-- between two statements would hold the lock over everybody else).
--
-- outcome: 'claimed' | 'alone' (one event that was in flight when its relay died) | 'suspects' (such events wait, and the
-- caller has others in flight: finish these, then come back with p_alone) | 'busy' (another relay is claiming) | 'empty'.
-- cut: the batch is not full, and the queue is longer than the p_scan rows that were looked at.
-- p_mine: leases that the caller still works on; one of its own that it has given up runs out like any other.
-- head: the oldest event in the queue, or the last number drawn. p_floor: where to begin to look; see the relay.
create function tandem.claim_outbox(
  p_relay text, p_limit integer, p_run integer, p_lease_ms integer, p_max_crashes integer, p_alone boolean,
  p_scan integer, p_floor bigint, p_mine bigint[]
) returns table (
  outcome text, token bigint, seqs bigint[], tries smallint[], since timestamptz, until timestamptz,
  recovered integer, parked integer, cut boolean, head bigint
) language plpgsql as $$
declare
  -- Rows of leases are still in the queue and fill the head of it; look past them.
  v_window integer;
  v_held integer[];
  v_rows integer;
  v_scanned integer := 0;
  v_last bigint := p_floor;
  v_seqs bigint[]; v_keys integer[]; v_tries smallint[]; v_since timestamptz; v_until timestamptz;
  v_now timestamptz;
begin
  -- Two claims at a time could each take a different event of the same aggregate: neither sees the other's lease.
  if not pg_try_advisory_xact_lock(1952542308, 1) then
    outcome := 'busy'; return next; return;
  end if;
  v_now := clock_timestamp();
  recovered := 0; parked := 0; cut := false;

  -- Leases that ran out: their relay died, or stands still. Its mark will find no lease and write nothing.
  if exists (select from tandem.outbox_lease l where l.expires_at <= v_now and l.token <> all (p_mine)) then
    with dead as (
      delete from tandem.outbox_lease l
      using (select d.token from tandem.outbox_lease d where d.expires_at <= v_now and d.token <> all (p_mine) for update skip locked) d
      where l.token = d.token returning l.seqs
    ), hit as (
      update tandem.outbox_claim c set attempts = c.attempts + 1, crashes = c.crashes + 1, retry_at = v_now
      from dead, unnest(dead.seqs) s(seq) where c.seq = s.seq returning 1
    ) select count(*) into recovered from hit;
    with gone as (
      delete from tandem.outbox_claim c where c.crashes >= p_max_crashes returning c.*
    ), kept as (
      insert into tandem.outbox_parked (seq, created_at, key, attempts, crashes, reason, error)
      select g.seq, g.created_at, g.key, g.attempts, g.crashes, 'crashed', 'the relay died ' || g.crashes || ' times while it was in flight'
      from gone g returning 1
    ) select count(*) into parked from kept;
  end if;

  select coalesce(array_agg(k.key), '{}'), coalesce(max(l.total), 0) into v_held, v_rows
  from (select l.keys, sum(cardinality(l.seqs)) over () as total from tandem.outbox_lease l) l, unnest(l.keys) k(key);

  -- Suspects go one at a time and with nothing else in flight: if one kills the process, it is known which.
  select array[c.seq], array[c.key], array[c.attempts], c.created_at, c.created_at
  into v_seqs, v_keys, v_tries, v_since, v_until
  from tandem.outbox_claim c
  where c.crashes > 0 and c.retry_at <= v_now and c.key <> all (v_held)
    and not exists (select from tandem.outbox_claim o where o.key = c.key and o.retry_at is not null and o.seq < c.seq)
  order by c.seq limit 1;
  if found then
    if not p_alone then
      outcome := 'suspects'; return next; return;
    end if;
    outcome := 'alone';
  else
    outcome := 'claimed';
    v_window := p_limit + p_limit / 4 + 1 + v_rows;
    -- Retries that are due: each the first of its key.
    select array_agg(r.seq), array_agg(r.key), array_agg(r.attempts), min(r.created_at), max(r.created_at)
    into v_seqs, v_keys, v_tries, v_since, v_until
    from (
      select c.seq, c.key, c.attempts, c.created_at from tandem.outbox_claim c
      where c.retry_at <= v_now and c.crashes = 0
        and not exists (select from unnest(v_held) h(key) where h.key = c.key)
        and not exists (select from tandem.outbox_claim o where o.key = c.key and o.retry_at is not null and o.seq < c.seq)
      order by c.retry_at limit p_limit
    ) r;
    v_seqs := coalesce(v_seqs, '{}'); v_keys := coalesce(v_keys, '{}'); v_tries := coalesce(v_tries, '{}');

    -- From the oldest on, in windows that grow: thousands of waiting events of one busy aggregate must not hide the others, and
    -- nothing may be jumped over, for what is claimed of an aggregate must be its oldest.
    while cardinality(v_seqs) < p_limit / 2 + 1 loop
      with win as materialized (
        select c.seq, c.key, c.attempts, c.created_at, c.retry_at from tandem.outbox_claim c
        where c.seq > v_last order by c.seq limit v_window
      ), free as (
        select w.*, row_number() over (partition by w.key order by w.seq) as run from win w
        where w.retry_at is null
          and not exists (select from unnest(v_held || v_keys) h(key) where h.key = w.key)
          and not exists (select from tandem.outbox_claim o where o.key = w.key and o.retry_at is not null)
      ), picked as (
        select f.* from free f where f.run <= p_run order by f.seq limit p_limit - cardinality(v_seqs)
      )
      select v_seqs || coalesce(array_agg(p.seq order by p.seq), '{}'),
        v_keys || coalesce(array_agg(p.key order by p.seq), '{}'),
        v_tries || coalesce(array_agg(p.attempts order by p.seq), '{}'),
        least(v_since, min(p.created_at)), greatest(v_until, max(p.created_at)),
        (select count(*) from win), (select max(w.seq) from win w), coalesce(head, (select min(w.seq) from win w))
      into v_seqs, v_keys, v_tries, v_since, v_until, v_rows, v_last, head from picked p;
      exit when v_rows < v_window;
      v_scanned := v_scanned + v_rows;
      if v_scanned >= p_scan then
        cut := true; exit;
      end if;
      v_window := least(v_window * 2, p_scan - v_scanned);
    end loop;
    head := coalesce(head, (select s.last_value from tandem.outbox_seq s));
    if cardinality(v_seqs) = 0 then
      outcome := 'empty'; return next; return;
    end if;
  end if;

  insert into tandem.outbox_lease as l (relay, leased_at, expires_at, seqs, keys)
  values (p_relay, v_now, clock_timestamp() + p_lease_ms * interval '1 millisecond', v_seqs, v_keys)
  returning l.token into token;
  seqs := v_seqs; tries := v_tries; since := v_since; until := v_until;
  return next;
end $$;
