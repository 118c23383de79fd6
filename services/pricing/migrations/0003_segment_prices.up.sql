-- Prices for customers of a segment, in quotes; empty: for everybody.
alter table price_list add column segment text not null default ''
  check (segment in ('', 'new', 'regular', 'loyal', 'vip', 'dormant')),
  add constraint price_list_default_is_for_all check (segment = '' or not is_default) not valid;

-- What customer says about who belongs where. Of somebody forgotten the row stays, without a segment: late news must not revive it.
create table customer_segment (
  customer_id uuid primary key,
  segment text not null,
  version bigint not null
);
