do $$
declare
  one oid;
begin
  for one in
    select i.indexrelid from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am m on m.oid = c.relam
    where m.amname = 'gin' and (i.indrelid in ('pg_engine_template'::regclass, 'pg_engine_word'::regclass)
      or i.indrelid in (select to_regclass(quote_ident(s.name)) from search_index s where s.engine = 'postgres'))
  loop
    execute format('alter index %s reset (fastupdate)', one::regclass);
  end loop;
end $$;
