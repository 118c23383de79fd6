drop function pg_engine_similar_starts;
drop function pg_engine_similar_words;
drop table pg_engine_alias, pg_engine_word, pg_engine_template, reindex_run, search_index, index_task, erased_customer, document_part, document;
