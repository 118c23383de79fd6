-- The books of the simulated card provider: another company's database, so nothing of ours may refer to it.
create schema provider_sim;

create table provider_sim.operation (
  operation_id uuid primary key,
  kind text not null,
  charge_id text not null,
  currency text not null,
  amount_minor bigint not null,
  status text not null check (status in ('SUCCEEDED', 'FAILED', 'PENDING')),
  failure_code text,
  -- A pending one is decided from here on.
  decided_at timestamptz not null,
  notified boolean not null default true,
  created_at timestamptz not null default now()
);

create index provider_sim_by_charge on provider_sim.operation (charge_id);

create table provider_sim.call (
  operation_id uuid primary key,
  calls integer not null
);
