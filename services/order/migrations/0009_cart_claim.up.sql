-- Who may write which version of a cart, so that the state transaction that follows never fails on its etag: Dapr has announced it to its own
-- outbox by then, and daprd 1.18 looks for what was never committed without end, a processor core for each (see the README's runbook).
-- A claim holds until `held_until`, for writers that died; then, and once its version is written, it says nothing any more.
create table cart_claim (
  cart_id text primary key,
  version bigint not null,
  held_until timestamptz not null
) with (fillfactor = 80);
