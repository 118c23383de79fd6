import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  CategorySchema,
  ListingSchema,
  ProductSchema,
  ProductStatus as ProtoProductStatus,
  SellerStatus as ProtoSellerStatus,
  SellerSchema,
} from "@tandem/contracts/catalog";
import { moneyToProto } from "@tandem/contracts/common";
import type { Listing } from "../biz/ports.ts";
import type { Category } from "../model/category.ts";
import type { Product } from "../model/product.ts";
import type { Seller } from "../model/seller.ts";

export const productToProto = ({ id, status, categoryId, createdAt, updatedAt, ...rest }: Product) =>
  create(ProductSchema, {
    ...rest,
    imageUrls: [...rest.imageUrls],
    productId: id,
    categoryId: categoryId ?? "",
    status: ProtoProductStatus[status],
    createdAt: timestampFromDate(createdAt),
    updatedAt: timestampFromDate(updatedAt),
  });

export const categoryToProto = ({ id, parentId, path, ...rest }: Category) =>
  create(CategorySchema, { ...rest, categoryId: id, parentId: parentId ?? "", path: [...path] });

export const sellerToProto = ({ id, status, createdAt, updatedAt, ...rest }: Seller) =>
  create(SellerSchema, {
    ...rest,
    sellerId: id,
    status: ProtoSellerStatus[status],
    createdAt: timestampFromDate(createdAt),
    updatedAt: timestampFromDate(updatedAt),
  });

export const listingToProto = ({ price, regularPrice, categoryId, updatedAt, ...rest }: Listing) =>
  create(ListingSchema, {
    ...rest,
    categoryId: categoryId ?? "",
    ...(price ? { price: moneyToProto(price) } : {}),
    ...(regularPrice ? { regularPrice: moneyToProto(regularPrice) } : {}),
    updatedAt: timestampFromDate(updatedAt),
  });
