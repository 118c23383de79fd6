import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  CategoryChangedSchema,
  ProductCreatedSchema,
  ProductDeletedSchema,
  ProductUpdatedSchema,
  SellerChangedSchema,
} from "@tandem/contracts/catalog";
import { newEvent, type OutgoingEvent } from "@tandem/messaging";
import type { CategoryEvent } from "../model/category-events.ts";
import type { ProductEvent } from "../model/product-events.ts";
import type { SellerEvent } from "../model/seller-events.ts";
import { categoryToProto, productToProto, sellerToProto } from "./to-proto.ts";

export const toOutgoingEvent = (event: ProductEvent | SellerEvent | CategoryEvent): OutgoingEvent => {
  if (event.type === "category.changed") {
    const { category, at } = event;
    const common = { categoryId: category.id, aggregateVersion: category.version, occurredAt: timestampFromDate(at) };
    return newEvent(CategoryChangedSchema, { ...common, category: categoryToProto(category) });
  }
  if (event.type === "seller.changed") {
    const { seller, at } = event;
    const common = { sellerId: seller.id, aggregateVersion: seller.version, occurredAt: timestampFromDate(at) };
    return newEvent(SellerChangedSchema, { ...common, seller: sellerToProto(seller) });
  }
  const { type, product, at } = event;
  const common = { productId: product.id, aggregateVersion: product.version, occurredAt: timestampFromDate(at) };
  switch (type) {
    case "product.created":
      return newEvent(ProductCreatedSchema, { ...common, product: productToProto(product) });
    case "product.updated":
      return newEvent(ProductUpdatedSchema, { ...common, product: productToProto(product) });
    case "product.deleted":
      return newEvent(ProductDeletedSchema, { ...common, sellerId: product.sellerId });
  }
};
