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

  async update({ customerId, state, email, phone, displayName, locale, timeZone, version }) {
    await tx.client.query({
      name: "contact update",
      text: `update contact set state = $2, email = $3, phone = $4, display_name = $5, locale = $6, time_zone = $7, version = $8,
          updated_at = now()
        where customer_id = $1`,
      values: [customerId, state, email, phone, displayName, locale, timeZone, version.toString()],
    });
  },
});
