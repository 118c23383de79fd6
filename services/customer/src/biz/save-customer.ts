import { defaultOf } from "../model/address-book.ts";
import { type Customer, moveToSegment } from "../model/customer.ts";
import { type CustomerChange, customerUpdated } from "../model/customer-events.ts";
import { customerNotFound } from "../model/errors.ts";
import type { OrderStatistics } from "../model/order-statistics.ts";
import { segmentOf } from "../model/segment.ts";
import type { Repositories } from "./ports.ts";

/** @throws AppError `customer.not_found` */
export const lockCustomer = async ({ customers }: Repositories, customerId: string): Promise<Customer> => {
  const customer = await customers.lockById(customerId);
  if (!customer) throw customerNotFound(customerId);
  return customer;
};

/** Writes the customer and queues `customer.updated` with the snapshot: they never part. */
export const saveCustomer = async (
  { customers, addresses, outbox }: Repositories,
  after: Customer,
  change: CustomerChange,
  at: Date,
): Promise<void> => {
  await customers.update(after);
  const book = change === "ERASED" ? [] : await addresses.listByCustomerId(after.id);
  await outbox.add(customerUpdated(change, after, defaultOf(book), at));
};

/** Puts a customer into the segment that the statistics say; the statistics' lock is held. Nobody there, or nothing new: nothing. */
export const resegment = async (
  repositories: Repositories,
  statistics: OrderStatistics,
  now: Date,
): Promise<Customer | undefined> => {
  const before = await repositories.customers.lockById(statistics.customerId);
  if (!before) return undefined;
  const after = moveToSegment(before, segmentOf(statistics, now), now);
  if (after === before) return undefined;
  await saveCustomer(repositories, after, "SEGMENT", now);
  return after;
};
