import type { Transaction } from "@tandem/postgres";
import { eq, type InferSelectModel } from "drizzle-orm";
import type { CustomerRepository } from "../biz/ports.ts";
import type { Customer } from "../model/customer.ts";
import { customerTable } from "./schema.ts";

export const customerFromRow = (row: InferSelectModel<typeof customerTable>): Customer => ({
  ...row,
  erasedAt: row.erasedAt ?? undefined,
});

const toRow = (customer: Customer) => ({ ...customer, erasedAt: customer.erasedAt ?? null });

export const makeCustomerRepository = (tx: Transaction): CustomerRepository => ({
  async lockById(customerId) {
    const [row] = await tx.select().from(customerTable).where(eq(customerTable.id, customerId)).for("update");
    return row && customerFromRow(row);
  },

  async createIfAbsent(customer) {
    const created = await tx
      .insert(customerTable)
      .values(toRow(customer))
      .onConflictDoNothing({ target: customerTable.id })
      .returning({ id: customerTable.id });
    return created.length > 0;
  },

  async update(customer) {
    const { id, registeredAt: _, ...fields } = toRow(customer);
    await tx.update(customerTable).set(fields).where(eq(customerTable.id, id));
  },
});
