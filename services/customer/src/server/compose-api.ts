import type { ApiConfig, ApiParts, Platform } from "@tandem/chassis";
import { CustomerService } from "@tandem/contracts/customer";
import { newId } from "@tandem/kernel";
import { registerService } from "@tandem/rpc";
import { makeEditAddresses } from "../biz/edit-addresses.ts";
import { makeEraseCustomer } from "../biz/erase-customer.ts";
import { makeExportData } from "../biz/export-data.ts";
import { makeUpdateProfile } from "../biz/update-profile.ts";
import { makeAddressReader } from "../data/address-repository.ts";
import { makeCustomerReader } from "../data/customer-reader.ts";
import { makeOrderRecordReader } from "../data/order-record-repository.ts";
import { makeCustomerUnitOfWork } from "../data/unit-of-work.ts";
import { makeCustomerHandlers } from "../service/customer-handlers.ts";

export const composeApi = ({ database, outbox, clock }: Platform<ApiConfig>): ApiParts => {
  const deps = { uow: makeCustomerUnitOfWork(database, outbox), clock, newId };
  const readers = {
    customers: makeCustomerReader(database.orm),
    addresses: makeAddressReader(database.orm),
    orders: makeOrderRecordReader(database.orm),
  };
  const handlers = makeCustomerHandlers({
    ...readers,
    updateProfile: makeUpdateProfile(deps),
    editAddresses: makeEditAddresses(deps),
    exportData: makeExportData(readers),
    eraseCustomer: makeEraseCustomer(deps),
    clock,
  });
  return { services: [registerService(CustomerService, handlers)] };
};
