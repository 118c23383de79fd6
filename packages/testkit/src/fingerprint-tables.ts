import type { Database } from "@tandem/postgres";

/** Count and hash of every table of the service (schema public), of its sagas and of the outbox. Two that are equal: nothing changed. */
export const fingerprintTables = async (database: Database): Promise<unknown> => {
  try {
    return await readTables(database);
  } catch (error) {
    // A table that was dropped between the two statements: an index that was replaced by the next.
    if ((error as { code?: string }).code !== "42P01") throw error;
    return readTables(database);
  }
};

const readTables = async (database: Database): Promise<unknown> => {
  const { rows: tables } = await database.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname = 'public' or (schemaname = 'tandem' and tablename in ('outbox_event', 'saga', 'saga_step'))
     order by 1`,
  );
  const parts = tables.map(
    ({ name }) =>
      `select '${name}' as name, count(*)::int as n, md5(string_agg(t::text, '' order by t::text)) as content from ${name} t`,
  );
  return (await database.query(`${parts.join(" union all ")} order by 1`)).rows;
};
