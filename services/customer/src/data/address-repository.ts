import type { Orm, Transaction } from "@tandem/postgres";
import { asc, eq, inArray } from "drizzle-orm";
import type { AddressReader, AddressRepository } from "../biz/ports.ts";
import { defaultOf } from "../model/address-book.ts";
import { addressTable } from "./schema.ts";

// Ids are UUIDv7: oldest first.
export const makeAddressReader = (orm: Orm): AddressReader => ({
  listByCustomerId: (customerId) =>
    orm.select().from(addressTable).where(eq(addressTable.customerId, customerId)).orderBy(asc(addressTable.id)),
});

export const makeAddressRepository = (tx: Transaction): AddressRepository => ({
  ...makeAddressReader(tx),

  async replace(before, after) {
    const gone = before.filter(({ id }) => !after.some((address) => address.id === id));
    if (gone.length > 0) {
      const ids = gone.map(({ id }) => id);
      await tx.delete(addressTable).where(inArray(addressTable.id, ids));
    }
    // The old default steps down before the new one steps up: the index allows one at any moment.
    const was = defaultOf(before);
    if (was && was.id !== defaultOf(after)?.id) {
      await tx.update(addressTable).set({ isDefault: false }).where(eq(addressTable.id, was.id));
    }
    for (const address of after) {
      const known = before.find(({ id }) => id === address.id);
      if (known === address) continue;
      if (known) {
        const { id, customerId: _, createdAt: __, ...fields } = address;
        await tx.update(addressTable).set(fields).where(eq(addressTable.id, id));
      } else await tx.insert(addressTable).values(address);
    }
  },
});
