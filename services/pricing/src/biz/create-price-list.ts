import type { Clock } from "@tandem/kernel";
import { currencyUnknown, defaultPriceListExists, segmentPriceListExists } from "../model/errors.ts";
import { isCurrency, type PriceList } from "../model/price.ts";
import type { PricingUnitOfWork } from "./ports.ts";

export interface CreatePriceListDeps {
  readonly uow: PricingUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** @throws AppError `pricing.default_price_list_exists`, `pricing.segment_price_list_exists`, `pricing.currency_unknown` */
export const makeCreatePriceList =
  ({ uow, clock, newId }: CreatePriceListDeps) =>
  (input: Pick<PriceList, "name" | "currency" | "isDefault" | "segment">, signal?: AbortSignal): Promise<PriceList> =>
    uow.transact(async ({ priceLists }) => {
      if (!isCurrency(input.currency)) throw currencyUnknown(input.currency);
      const list: PriceList = { ...input, id: newId(), version: 1n, createdAt: clock.now() };
      if (!(await priceLists.createIfAbsent(list)))
        throw input.segment
          ? segmentPriceListExists(input.currency, input.segment)
          : defaultPriceListExists(input.currency);
      return list;
    }, signal);
