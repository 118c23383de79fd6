import type { Orm, Transaction } from "@tandem/postgres";
import { desc, eq } from "drizzle-orm";
import type { TemplateOverride, TemplateOverrideReader, TemplateOverrideRepository } from "../biz/ports.ts";
import { overrideTable as table } from "./schema.ts";

export const makeTemplateOverrideReader = (orm: Orm): TemplateOverrideReader => ({
  listCurrent: (name) =>
    orm
      .selectDistinctOn([table.name, table.locale])
      .from(table)
      .where(name === undefined ? undefined : eq(table.name, name))
      .orderBy(table.name, table.locale, desc(table.version)),
});

/** What was read last, for a while. Who needs more reads it by the connection that it has: no transaction waits for a second one. */
export type OverrideCache = (reader: TemplateOverrideReader) => TemplateOverrideReader;

/** Asked for once in `ttlMs`: messages are many and staff writes seldom. What staff writes counts a moment later. */
export const createOverrideCache = (ttlMs: number): OverrideCache => {
  let known: { readonly all: readonly TemplateOverride[]; readonly until: number } | undefined;
  return (reader) => ({
    async listCurrent(name) {
      if (!known || performance.now() > known.until) {
        known = { all: await reader.listCurrent(), until: performance.now() + ttlMs };
      }
      return name === undefined ? known.all : known.all.filter((one) => one.name === name);
    },
  });
};

export const makeTemplateOverrideRepository = (tx: Transaction): TemplateOverrideRepository => ({
  ...makeTemplateOverrideReader(tx),

  async createIfAbsent({ sms = "", ...override }) {
    const { rowCount } = await tx
      .insert(table)
      .values({ ...override, sms })
      .onConflictDoNothing();
    return rowCount === 1;
  },
});
