import { AppError } from "@tandem/kernel";
import { createTestDatabase, type TestDatabase } from "@tandem/testkit";

/** A database with one table, `note`. */
export const createNoteDatabase = async (): Promise<TestDatabase> => {
  const db = await createTestDatabase();
  await db.database.query("CREATE TABLE note (id int PRIMARY KEY, body text NOT NULL DEFAULT '')");
  return db;
};

export const idsIn = async ({ database }: TestDatabase): Promise<readonly number[]> =>
  (await database.query<{ id: number }>("SELECT id FROM note ORDER BY id")).rows.map(({ id }) => id);

export const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => {
      throw new Error("it passed");
    },
    (error: unknown) => error,
  );

/** Kind and slug of what it fails with. */
export const codeOf = async (promise: Promise<unknown>): Promise<unknown> => {
  const error = await failure(promise);
  return error instanceof AppError ? `${error.kind} ${error.code}` : error;
};
