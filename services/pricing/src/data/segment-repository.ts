import type { Transaction } from "@tandem/postgres";
import { lt, sql } from "drizzle-orm";
import type { SegmentRepository } from "../biz/ports.ts";
import { customerSegmentTable } from "./schema.ts";

export const makeSegmentRepository = (tx: Transaction): SegmentRepository => ({
  async upsertIfNewer(customerId, segment, version) {
    await tx
      .insert(customerSegmentTable)
      .values({ customerId, segment, version })
      .onConflictDoUpdate({
        target: customerSegmentTable.customerId,
        set: { segment, version },
        setWhere: lt(customerSegmentTable.version, sql`excluded.version`),
      });
  },
});
