-- Words that nobody wrote quite like this are found by their trigrams. Trusted: the owner of the database may install it.
create extension if not exists pg_trgm;

-- The truth: what is known of each document, part by part, with the version of the aggregate that said it. The engine's index is
-- derived from it and can be rebuilt from it at any time.
create table document (
  type text not null check (type in ('PRODUCT', 'ORDER', 'CONTENT')),
  id uuid not null,
  -- Goes up with every change of any part: the external version of what is in the engine.
  version bigint not null default 0,
  -- Whose order it is.
  customer_id uuid,
  -- Keys under which it was ever put into the index: what is not derived any more has to be taken out.
  view_keys text[] not null default '{}',
  updated_at timestamptz not null default now(),
  primary key (type, id)
) with (fillfactor = 80);

create index document_by_customer on document (customer_id) where customer_id is not null;

create table document_part (
  type text not null,
  id uuid not null,
  part text not null check (part in ('BASE', 'PRICE', 'STOCK')),
  version bigint not null check (version >= 1),
  -- Gone as of this version: what comes later with an older one does not bring it back.
  deleted boolean not null default false,
  content jsonb not null,
  primary key (type, id, part),
  foreign key (type, id) references document on delete cascade
) with (fillfactor = 80);

-- People who asked to be forgotten: what names them is not kept, whenever it arrives.
create table erased_customer (
  customer_id uuid primary key,
  erased_at timestamptz not null default now()
);

-- What the engine has yet to be told: one row per document, however often it changed meanwhile.
create table index_task (
  type text not null,
  id uuid not null,
  version bigint not null,
  status text not null default 'OPEN' check (status in ('OPEN', 'PARKED')),
  -- Of an open one: when it is tried. Of a parked one: when the job opens it again.
  due_at timestamptz not null default now(),
  attempts integer not null default 0,
  -- How often it was parked.
  rounds integer not null default 0,
  last_error text not null default '',
  parked_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (type, id)
) with (fillfactor = 70);

create index index_task_due on index_task (due_at) where status = 'OPEN';
create index index_task_parked on index_task (parked_at, type, id) where status = 'PARKED';

-- The indexes that there are, whichever engine holds them.
create table search_index (
  name text primary key,
  engine text not null,
  state text not null check (state in ('BUILDING', 'LIVE', 'RETIRED')),
  created_at timestamptz not null default now()
);

create unique index search_index_one_live on search_index (engine) where state = 'LIVE';
create unique index search_index_one_building on search_index (engine) where state = 'BUILDING';

create table reindex_run (
  id uuid primary key,
  engine text not null,
  index_name text not null,
  status text not null check (status in ('RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
  total bigint not null,
  done bigint not null default 0,
  failed bigint not null default 0,
  resumed integer not null default 0,
  -- How far the scan has come: it goes on behind this.
  last_type text not null default '',
  last_id uuid not null default '00000000-0000-0000-0000-000000000000',
  -- Whose turn it is: a worker that died loses it when the time is over.
  lease_until timestamptz not null default '-infinity',
  token bigint not null default 0,
  -- The alias is about to point to the new index: too late to cancel.
  swapping boolean not null default false,
  error text not null default '',
  started_at timestamptz not null default now(),
  finished_at timestamptz
);

create unique index reindex_run_one_at_a_time on reindex_run (engine) where status = 'RUNNING';
create index reindex_run_by_start on reindex_run (started_at desc, id desc);

-- The engine that Postgres is: each index is a table of its own, made like this one, and the alias names the one that is read.
create table pg_engine_template (
  -- `PRODUCT:<id>`, `ORDER:<id>`, `ORDER:<id>:<seller>`
  key text primary key,
  version bigint not null,
  deleted boolean not null,
  type text not null,
  document_id uuid not null,
  -- Who may find it: `public`, `staff`, `customer:<id>`, `seller:<id>`.
  audience text[] not null,
  category_ids uuid[] not null,
  seller_ids uuid[] not null,
  -- `name=value`
  attribute_tokens text[] not null,
  -- Minor units by currency.
  prices jsonb not null,
  available integer not null,
  words tsvector not null,
  created_at timestamptz not null,
  -- All that an answer shows.
  source jsonb not null,
  -- Anyone may find it: what most searches look for has indexes of its own.
  public boolean not null generated always as (not deleted and audience @> array['public']) stored
);

create index on pg_engine_template using gin (words);
create index on pg_engine_template using gin (category_ids);
create index on pg_engine_template using gin (seller_ids);
create index on pg_engine_template using gin (attribute_tokens);
-- Of orders and drafts, not of what anyone may find: every key of the index would be `public`.
create index on pg_engine_template using gin (audience) where not public;
create index on pg_engine_template (created_at desc, key desc) where public;
-- The currency that is searched in when nobody says otherwise.
create index on pg_engine_template (((prices -> 'EUR' ->> 'amount')::bigint), key) where public;

-- The words of each index, to find those that are much like one that nobody wrote.
create table pg_engine_word (
  index_name text not null,
  word text not null,
  primary key (index_name, word)
);

create index pg_engine_word_trigrams on pg_engine_word using gin (word gin_trgm_ops);

create table pg_engine_alias (
  alias text primary key,
  index_name text not null
);

-- The threshold is the function's own: the session's is left alone.
create function pg_engine_similar_words(wanted_index text, wanted_word text, floor integer, ceiling integer)
  returns setof text
  language sql stable
  set pg_trgm.similarity_threshold = 0.15
  as $$
    select word from pg_engine_word
    where word % wanted_word and index_name = wanted_index and length(word) between floor and ceiling
    order by similarity(word, wanted_word) desc, word
    limit 100
  $$;

-- The same for a beginning: words that have something much like it in them.
create function pg_engine_similar_starts(wanted_index text, wanted_start text, floor integer)
  returns setof text
  language sql stable
  set pg_trgm.word_similarity_threshold = 0.3
  as $$
    select word from pg_engine_word
    where wanted_start <% word and index_name = wanted_index and length(word) >= floor
    order by word_similarity(wanted_start, word) desc, word
    limit 200
  $$;
