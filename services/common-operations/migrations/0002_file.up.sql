create table file (
  id uuid primary key,
  name text not null,
  content_type text not null,
  size_bytes bigint not null check (size_bytes >= 0),
  sha256 text not null,
  status text not null check (status in ('OPEN', 'COMPLETE')),
  created_by text not null,
  created_at timestamptz(3) not null,
  expires_at timestamptz(3) not null
);
create index file_by_expiry on file (expires_at);

-- In parts, so that no statement carries a whole file.
create table file_part (
  file_id uuid not null references file (id) on delete cascade,
  number integer not null check (number >= 1),
  data bytea not null,
  primary key (file_id, number)
);
-- Compressing what is compressed or small costs more than it saves.
alter table file_part alter column data set storage external;
