import type { AddressBook } from "../model/address-book.ts";
import type { Customer } from "../model/customer.ts";
import type { OrderRecord, OrderStatistics } from "../model/order-statistics.ts";
import type { AddressReader, CustomerReader, OrderRecordReader } from "./ports.ts";

export interface ExportDataDeps {
  readonly customers: CustomerReader;
  readonly addresses: AddressReader;
  readonly orders: OrderRecordReader;
}

export interface PersonalData {
  readonly customer: Customer;
  readonly addresses: AddressBook;
  readonly statistics: OrderStatistics;
  readonly orders: readonly OrderRecord[];
}

/** Everything that is held about a person: a row of every table of this context. @throws AppError `customer.not_found` */
export const makeExportData =
  ({ customers, addresses, orders }: ExportDataDeps) =>
  async (customerId: string): Promise<PersonalData> => {
    const customer = await customers.getById(customerId);
    const [book, statistics, records] = await Promise.all([
      addresses.listByCustomerId(customerId),
      orders.getStatistics(customerId),
      orders.listByCustomerId(customerId),
    ]);
    return { customer, addresses: book, statistics, orders: records };
  };
