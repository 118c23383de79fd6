import type { Clock } from "@tandem/kernel";
import type { Outbox } from "@tandem/messaging";
import { type Database, makeUnitOfWork } from "@tandem/postgres";
import type { PricingUnitOfWork } from "../biz/ports.ts";
import { toOutgoingEvent } from "../events/to-outgoing-event.ts";
import { makeAnnouncementRepository } from "./announcement-repository.ts";
import { makePriceListRepository } from "./price-list-repository.ts";
import { makePriceRepository } from "./price-repository.ts";
import { makeProductRepository } from "./product-repository.ts";
import { makePromotionRepository } from "./promotion-repository.ts";
import { makeQuoteStore } from "./quote-store.ts";
import { makeSegmentRepository } from "./segment-repository.ts";
import { makeVoucherRepository } from "./voucher-repository.ts";

export const makePricingUnitOfWork = (database: Database, outbox: Outbox, clock: Clock): PricingUnitOfWork =>
  makeUnitOfWork(database, (tx) => ({
    products: makeProductRepository(tx),
    segments: makeSegmentRepository(tx),
    priceLists: makePriceListRepository(tx),
    prices: makePriceRepository(tx, clock),
    promotions: makePromotionRepository(tx),
    announcements: makeAnnouncementRepository(tx),
    vouchers: makeVoucherRepository(tx),
    quotes: makeQuoteStore(tx, tx.client),
    outbox: { add: (...events) => outbox.in(tx).add(...events.map(toOutgoingEvent)) },
  }));
