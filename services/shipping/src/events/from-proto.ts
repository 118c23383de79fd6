import type { Address as ProtoAddress } from "@tandem/contracts/common";
import type { FulfillmentSnapshot } from "@tandem/contracts/fulfillment";
import type { Order } from "@tandem/contracts/order";
import { isId } from "@tandem/kernel";
import type { NewReturn, PackedParcel } from "../biz/ports.ts";
import type { Address } from "../model/address.ts";
import { eventIncomplete } from "../model/errors.ts";

export const addressFromProto = (address: ProtoAddress): Address => {
  const { recipient, line1, line2, postalCode, city, region, countryCode, phone } = address;
  return { recipient, line1, line2, postalCode, city, region, countryCode, phone };
};

/** What a fulfillment has packed. @throws AppError `event.incomplete` */
export const packedParcelFromProto = (id: string, snapshot: FulfillmentSnapshot | undefined): PackedParcel => {
  if (!snapshot) throw eventIncomplete(id, "fulfillment");
  const { orderId, sellerId, customerId, warehouseCode, shippingAddress, weightGrams } = snapshot;
  if (!isId(orderId)) throw eventIncomplete(id, "order_id");
  if (!isId(sellerId)) throw eventIncomplete(id, "seller_id");
  if (!isId(customerId)) throw eventIncomplete(id, "customer_id");
  if (!shippingAddress?.recipient || !shippingAddress.countryCode) throw eventIncomplete(id, "shipping_address");
  const lines = snapshot.lines
    .filter(({ picked }) => picked > 0)
    .map(({ productId, picked }) => ({ productId, quantity: picked }));
  if (lines.length === 0 || !lines.every(({ productId }) => isId(productId))) throw eventIncomplete(id, "lines");
  return {
    fulfillmentId: id,
    orderId,
    sellerId,
    customerId,
    warehouseCode: warehouseCode || "MAIN",
    recipient: addressFromProto(shippingAddress),
    lines,
    weightGrams: Math.max(0, weightGrams),
  };
};

/** What an order's customer sends back. @throws AppError `event.incomplete` */
export const returnFromProto = (orderId: string, order: Order | undefined, returnId: string): NewReturn => {
  if (!isId(returnId)) throw eventIncomplete(orderId, "return_id");
  const wanted = order?.returns.find((one) => one.returnId === returnId);
  if (!order || !wanted) throw eventIncomplete(orderId, "return");
  const { customerId, shippingAddress } = order;
  if (!isId(customerId)) throw eventIncomplete(orderId, "customer_id");
  if (!isId(wanted.sellerId)) throw eventIncomplete(orderId, "seller_id");
  if (!shippingAddress?.countryCode) throw eventIncomplete(orderId, "shipping_address");
  const lines = wanted.lines.map(({ productId, quantity }) => ({ productId, quantity }));
  if (lines.length === 0 || !lines.every(({ productId, quantity }) => isId(productId) && quantity > 0))
    throw eventIncomplete(orderId, "lines");
  return { returnId, orderId, customerId, sellerId: wanted.sellerId, from: addressFromProto(shippingAddress), lines };
};
