-- no-transaction
drop index concurrently if exists listing_by_words;
