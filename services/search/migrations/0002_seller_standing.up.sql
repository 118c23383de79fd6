-- Who may sell. What a suspended seller offers is found by nobody but the seller and staff.
create table seller_standing (
  seller_id uuid primary key,
  version bigint not null check (version >= 1),
  suspended boolean not null
);
