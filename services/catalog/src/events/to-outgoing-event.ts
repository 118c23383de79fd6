import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { ProductCreatedSchema, ProductDeletedSchema, ProductUpdatedSchema } from "@tandem/contracts/catalog";
import { newEvent, type OutgoingEvent } from "@tandem/messaging";
import type { ProductEvent } from "../model/product-events.ts";
import { productToProto } from "./to-proto.ts";

export const toOutgoingEvent = ({ type, product, at }: ProductEvent): OutgoingEvent => {
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
