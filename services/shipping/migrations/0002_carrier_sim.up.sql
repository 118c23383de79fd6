-- The books of the simulated carriers: other companies' databases, so nothing of ours may refer to them.
create schema carrier_sim;

create table carrier_sim.booking (
  carrier text not null,
  booking_key text not null,
  tracking_number text not null,
  service text not null,
  -- How its story ends.
  ending text not null check (ending in ('DELIVERED', 'LOST', 'REFUSED', 'UNDELIVERABLE')),
  from_place text not null,
  to_place text not null,
  to_country text not null,
  to_postal_code text not null,
  booked_at timestamptz not null default now(),
  picked_up_at timestamptz,
  -- From the pickup to the door.
  transit_ms double precision not null default 0,
  cancelled_at timestamptz,
  pickups integer not null default 0,
  primary key (carrier, booking_key),
  constraint booking_cancelled_or_fetched check (picked_up_at is null or cancelled_at is null)
);

create unique index carrier_sim_by_tracking_number on carrier_sim.booking (carrier, tracking_number);

-- Of callers whom it fails on purpose: how often they have called.
create table carrier_sim.call (
  booking_key text primary key,
  calls integer not null
);
