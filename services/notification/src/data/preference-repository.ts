import type { Orm, Transaction } from "@tandem/postgres";
import { and, eq } from "drizzle-orm";
import type { PreferenceReader, PreferenceRepository } from "../biz/ports.ts";
import { defaultPreferences, type Preferences } from "../model/preferences.ts";
import { preferenceTable as table } from "./schema.ts";

type Stored = Pick<typeof table.$inferSelect, "channels" | "quietStart" | "quietEnd" | "version">;

/** What somebody wants to hear: their own choice over the defaults, or these alone. */
export const preferencesFromRow = (customerId: string, row: Stored | undefined): Preferences => {
  const defaults = defaultPreferences(customerId);
  if (!row) return defaults;
  const { channels, quietStart, quietEnd, version } = row;
  return {
    customerId,
    // A category that came later than the row has its default.
    channels: { ...defaults.channels, ...channels },
    quietHours: quietStart !== null && quietEnd !== null ? { start: quietStart, end: quietEnd } : undefined,
    version,
  };
};

export const makePreferenceReader = (orm: Orm): PreferenceReader => ({
  async getByCustomerId(customerId) {
    const [row] = await orm.select().from(table).where(eq(table.customerId, customerId));
    return preferencesFromRow(customerId, row);
  },
});

export const makePreferenceRepository = (tx: Transaction): PreferenceRepository => ({
  ...makePreferenceReader(tx),

  async save({ customerId, channels, quietHours, version }, beforeVersion) {
    const row = {
      channels,
      quietStart: quietHours?.start ?? null,
      quietEnd: quietHours?.end ?? null,
      version,
      updatedAt: new Date(),
    };
    const { rowCount } =
      beforeVersion === 0n
        ? await tx
            .insert(table)
            .values({ customerId, ...row })
            .onConflictDoNothing()
        : await tx
            .update(table)
            .set(row)
            .where(and(eq(table.customerId, customerId), eq(table.version, beforeVersion)));
    return rowCount === 1;
  },

  async delete(customerId) {
    await tx.delete(table).where(eq(table.customerId, customerId));
  },
});
