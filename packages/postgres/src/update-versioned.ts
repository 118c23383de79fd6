import { AppError } from "@tandem/kernel";
import { and, eq, getTableName, type InferSelectModel, sql } from "drizzle-orm";
import type { PgColumn, PgTable, PgUpdateSetSource } from "drizzle-orm/pg-core";
import type { Orm } from "./orm.ts";

type VersionedTable = PgTable & { readonly id: PgColumn; readonly version: PgColumn };

/**
 * Updates the row that still has the version it was read with, and counts the version up.
 * @returns the row as written
 * @throws AppError conflict `postgres.version_conflict` when somebody changed or deleted it since
 */
export const updateVersioned = async <T extends VersionedTable>(
  tx: Orm,
  table: T,
  { id, version }: { readonly id: T["id"]["_"]["data"]; readonly version: T["version"]["_"]["data"] },
  set: Omit<PgUpdateSetSource<T>, "id" | "version">,
): Promise<InferSelectModel<T>> => {
  const rows = await tx
    .update(table)
    .set({ ...set, version: sql`${table.version} + 1` } as PgUpdateSetSource<T>)
    .where(and(eq(table.id, id), eq(table.version, version)))
    .returning();
  const [row] = rows as InferSelectModel<T>[];
  if (!row)
    throw new AppError("conflict", "postgres.version_conflict", `${getTableName(table)} was changed in the meantime`);
  return row;
};
