import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { enumName } from "@tandem/contracts";
import { type Product, ProductStatus } from "@tandem/contracts/catalog";
import { type Address, type Money, moneyFromProto } from "@tandem/contracts/common";
import { type Order, type OrderLine, OrderStatus } from "@tandem/contracts/order";
import type { Price as ProtoPrice } from "@tandem/contracts/pricing";
import { type DocumentInput, DocumentType as ProtoDocumentType } from "@tandem/contracts/search";
import { type BaseContent, type DocumentType, emptyBase, type OrderSection, type Prices } from "../model/document.ts";

const isoOf = (time: Timestamp | undefined, otherwise = new Date(0)): string =>
  (time ? timestampDate(time) : otherwise).toISOString();

export const typeFromProto = (type: ProtoDocumentType): DocumentType =>
  enumName(ProtoDocumentType, type) as DocumentType;

export const baseFromProduct = (product: Product): BaseContent => ({
  ...emptyBase,
  title: product.name,
  text: product.description,
  status: enumName(ProductStatus, product.status),
  sellerId: product.sellerId || undefined,
  categoryId: product.categoryId || undefined,
  categoryPath: product.categoryId ? [product.categoryId] : [],
  attributes: { ...product.attributes },
  sku: product.sku,
  imageUrl: product.imageUrls[0] ?? "",
  createdAt: isoOf(product.createdAt),
  updatedAt: isoOf(product.updatedAt),
});

export const pricesFromProto = (prices: readonly ProtoPrice[]): Prices =>
  Object.fromEntries(
    prices.map(({ amount, regularAmount }) => {
      const { currency, minor } = moneyFromProto(amount);
      const regular = regularAmount ? moneyFromProto(regularAmount).minor : minor;
      return [currency, { amount: minor.toString(), regular: regular.toString() }];
    }),
  );

const MAX_TITLE = 200;

const titleOf = (lines: readonly OrderLine[]): string => {
  const title = lines.map(({ quantity, name }) => `${quantity} × ${name}`).join(", ");
  return title.length > MAX_TITLE ? `${title.slice(0, MAX_TITLE - 1)}…` : title || "Order";
};
const textOf = (lines: readonly OrderLine[]): string => lines.map(({ name, sku }) => `${name} ${sku}`).join("\n");

const total = (amounts: readonly (Money | undefined)[]): Prices => {
  const sums = new Map<string, bigint>();
  for (const amount of amounts) {
    if (!amount) continue;
    const { currency, minor } = moneyFromProto(amount);
    sums.set(currency, (sums.get(currency) ?? 0n) + minor);
  }
  return Object.fromEntries(
    [...sums].map(([currency, sum]) => [currency, { amount: sum.toString(), regular: sum.toString() }]),
  );
};

const namesOf = (address: Address | undefined): string =>
  address ? [address.recipient, address.city, address.postalCode].filter(Boolean).join(" ") : "";

/** Each seller gets a section of its own: its lines, and nothing of the others or of the customer. */
export const baseFromOrder = (order: Order): BaseContent => {
  const sellers = [...new Set(order.lines.map(({ sellerId }) => sellerId))];
  const sections = sellers.map((sellerId): OrderSection => {
    const lines = order.lines.filter((line) => line.sellerId === sellerId);
    return { sellerId, title: titleOf(lines), text: textOf(lines), prices: total(lines.map((line) => line.total)) };
  });
  return {
    ...emptyBase,
    title: titleOf(order.lines),
    text: textOf(order.lines),
    status: enumName(OrderStatus, order.status),
    customerId: order.customerId || undefined,
    prices: total([order.totals?.total]),
    sections,
    personal: namesOf(order.shippingAddress),
    createdAt: isoOf(order.createdAt),
    updatedAt: isoOf(order.updatedAt),
  };
};

export const baseFromInput = (input: DocumentInput, now: Date): BaseContent => ({
  ...emptyBase,
  title: input.title,
  text: input.text,
  sellerId: input.sellerId || undefined,
  customerId: input.customerId || undefined,
  categoryId: input.categoryId || undefined,
  categoryPath: input.categoryPathIds,
  attributes: { ...input.attributes },
  sku: input.sku,
  imageUrl: input.imageUrl,
  createdAt: isoOf(input.createdAt, now),
  updatedAt: now.toISOString(),
});
