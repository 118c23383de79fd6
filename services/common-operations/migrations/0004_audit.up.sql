-- Who did what. Each row's hash is over the row before it and itself: one that is changed, removed or slipped in breaks the chain.
create table audit_entry (
  number bigint primary key check (number >= 1),
  entry_id text not null constraint audit_entry_once unique,
  occurred_at timestamptz(3) not null,
  recorded_at timestamptz(3) not null,
  actor text not null,
  action text not null,
  context text not null,
  target_kind text not null,
  target text not null,
  details text not null,
  correlation_id text not null,
  hash text not null check (length(hash) = 64)
);
create index audit_entry_by_actor on audit_entry (actor, number desc);
create index audit_entry_by_target on audit_entry (target, number desc) where target <> '';
create index audit_entry_by_action on audit_entry (action text_pattern_ops, number desc);

-- The service may add, and nothing else; who is owner of the table can take this away, and then the hashes tell.
create function refuse_audit_change() returns trigger language plpgsql as $$
begin
  raise exception 'audit entries are never changed or removed';
end
$$;
create trigger audit_entry_append_only before update or delete on audit_entry
  for each row execute function refuse_audit_change();
create trigger audit_entry_no_truncate before truncate on audit_entry
  for each statement execute function refuse_audit_change();
