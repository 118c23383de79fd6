import type { Outbox } from "@tandem/messaging";
import { type Database, makeUnitOfWork } from "@tandem/postgres";
import type { CatalogUnitOfWork } from "../biz/ports.ts";
import { toOutgoingEvent } from "../events/to-outgoing-event.ts";
import { makeCategoryRepository } from "./category-repository.ts";
import { makeProductRepository } from "./product-repository.ts";
import { makeSellerRepository } from "./seller-repository.ts";

export const makeCatalogUnitOfWork = (database: Database, outbox: Outbox): CatalogUnitOfWork =>
  makeUnitOfWork(database, (tx) => ({
    products: makeProductRepository(tx),
    categories: makeCategoryRepository(tx),
    sellers: makeSellerRepository(tx),
    outbox: { add: (...events) => outbox.in(tx).add(...events.map(toOutgoingEvent)) },
  }));
