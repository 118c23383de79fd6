import type { Orm, Transaction } from "@tandem/postgres";
import { desc, eq } from "drizzle-orm";
import type { TemplateOverrideReader, TemplateOverrideRepository } from "../biz/ports.ts";
import { overrideTable as table } from "./schema.ts";

export const makeTemplateOverrideReader = (orm: Orm): TemplateOverrideReader => ({
  listCurrent: (name) =>
    orm
      .selectDistinctOn([table.name, table.locale])
      .from(table)
      .where(name === undefined ? undefined : eq(table.name, name))
      .orderBy(table.name, table.locale, desc(table.version)),
});

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
