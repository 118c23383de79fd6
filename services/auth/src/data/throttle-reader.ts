import type { Orm } from "@tandem/postgres";
import { and, gt, inArray } from "drizzle-orm";
import type { ThrottleReader } from "../biz/ports.ts";
import { throttleTable } from "./schema.ts";

export const makeThrottleReader = (orm: Orm): ThrottleReader => ({
  async listLocks(keys, now) {
    if (keys.length === 0) return new Map();
    const rows = await orm
      .select()
      .from(throttleTable)
      .where(and(inArray(throttleTable.key, [...keys]), gt(throttleTable.lockedUntil, now)));
    return new Map(rows.flatMap(({ key, lockedUntil }) => (lockedUntil ? [[key, lockedUntil] as const] : [])));
  },
});
