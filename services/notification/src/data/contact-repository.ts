import type { Transaction } from "@tandem/postgres";
import { eq } from "drizzle-orm";
import type { ContactRepository } from "../biz/ports.ts";
import { unknownContact } from "../model/contact.ts";
import { contactTable } from "./schema.ts";

export const makeContactRepository = (tx: Transaction): ContactRepository => ({
  async lockOrOpen(customerId) {
    const lock = () => tx.select().from(contactTable).where(eq(contactTable.customerId, customerId)).for("update");
    const [known] = await lock();
    if (known) return known;
    const opened = unknownContact(customerId);
    await tx
      .insert(contactTable)
      .values({ ...opened, updatedAt: new Date() })
      .onConflictDoNothing();
    const [row] = await lock();
    return row ?? opened;
  },

  async update({ customerId, ...contact }) {
    await tx
      .update(contactTable)
      .set({ ...contact, updatedAt: new Date() })
      .where(eq(contactTable.customerId, customerId));
  },
});
