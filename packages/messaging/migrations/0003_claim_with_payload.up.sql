-- Claims as tandem.claim_outbox does, and answers with what a relay would ask for next: the payloads, where they are few and small, and whether
-- something waits for a batch in flight.
--
-- events: null where the batch is larger than a socket takes without its reader: an answer that a client standing still does not take would keep
-- this transaction open, and with it the lock that lets one relay claim at a time. The relay then reads the payloads by itself.
-- blocked: of what waits, something is neither in a lease nor waiting for a retry; when the caller's batches end, there is something to claim.
create function tandem.claim_outbox_batch(
  p_relay text, p_limit integer, p_run integer, p_lease_ms integer, p_max_crashes integer, p_alone boolean,
  p_scan integer, p_floor bigint, p_mine bigint[]
) returns table (
  outcome text, token bigint, seqs bigint[], tries smallint[], since timestamptz, until timestamptz,
  recovered integer, parked integer, cut boolean, head bigint, blocked boolean, events json
) language plpgsql as $$
declare
  v_bytes bigint;
begin
  select c.outcome, c.token, c.seqs, c.tries, c.since, c.until, c.recovered, c.parked, c.cut, c.head
  into outcome, token, seqs, tries, since, until, recovered, parked, cut, head
  from tandem.claim_outbox(p_relay, p_limit, p_run, p_lease_ms, p_max_crashes, p_alone, p_scan, p_floor, p_mine) c;

  -- A caller with nothing in flight has taken all that was free; what others hold, others come back for.
  blocked := false;
  if outcome in ('claimed', 'empty') and cardinality(p_mine) > 0 then
    blocked := exists (
      select from (
        select c.seq, c.retry_at from tandem.outbox_claim c where c.seq > p_floor order by c.seq limit 1000
      ) w
      where w.retry_at is null
        and not exists (select from tandem.outbox_lease l, unnest(l.seqs) s(seq) where s.seq = w.seq)
    );
  end if;

  if outcome in ('claimed', 'alone') and cardinality(seqs) <= 16 then
    select sum(octet_length(e.data)), json_agg(json_build_array(
      e.seq::text, e.id, e.topic, e.type, e.source, e.subject, e.aggregate_version::text, e.data,
      extract(epoch from e.created_at)::float8 * 1000, e.traceparent, e.correlation_id) order by e.seq)
    into v_bytes, events
    from tandem.outbox_event e
    -- The times pick the partitions.
    where e.seq = any (seqs) and e.created_at between since and until;
    if v_bytes > 24000 then
      events := null;
    end if;
  end if;
  return next;
end $$;
