-- no-transaction
-- Words in a name, which may be in the middle of others: pieces of three letters.
create extension if not exists pg_trgm;
drop index concurrently if exists listing_by_words;
create index concurrently listing_by_words on listing using gin (name gin_trgm_ops);
