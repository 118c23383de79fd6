-- The category tree, as far as it was told: what lies in a category is found in those above it and counted there.
create table category_path (
  category_id uuid primary key,
  version bigint not null check (version >= 1),
  -- From the top down, the category included.
  path uuid[] not null
);

-- Read as documents are written to the engine. Whoever moves a category holds the lock until it has committed: either it has seen the document
-- and left a task for it, or it is waited for here and its path is what is read (a new statement is a new snapshot). Alone in a
-- transaction: the mover waits for documents and tasks.
create function category_paths(wanted uuid[]) returns table (id uuid, path uuid[]) language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('search categories', 0));
  return query select c.category_id, c.path from category_path c where c.category_id = any(wanted);
end $$;
