-- What the bank says that it did on a day. One file per provider and day; one that does not agree may be replaced.
create table settlement_file (
  id uuid primary key,
  provider text not null,
  day date not null,
  status text not null check (status in ('AGREES', 'DIFFERS')),
  checksum text not null,
  line_count integer not null,
  differences jsonb not null,
  settlement_ids uuid[] not null,
  imported_at timestamptz not null,
  constraint settlement_file_one_per_day unique (provider, day)
);

create table settlement_file_line (
  file_id uuid not null references settlement_file on delete cascade,
  operation_id uuid not null,
  kind text not null check (kind in ('CAPTURE', 'REFUND')),
  currency char(3) not null,
  amount_minor bigint not null,
  fee_minor bigint not null,
  primary key (file_id, operation_id)
);

create index settlement_file_line_by_operation on settlement_file_line (operation_id);
