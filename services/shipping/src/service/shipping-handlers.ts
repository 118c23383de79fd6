import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { ACT_FOR_ANY_SELLER, mayActFor, mayActForSeller } from "@tandem/auth";
import { enumName } from "@tandem/contracts";
import {
  ShipmentKind as ProtoKind,
  ServiceLevel as ProtoLevel,
  ShipmentStatus as ProtoStatus,
  type ShippingService,
} from "@tandem/contracts/shipping";
import { AppError } from "@tandem/kernel";
import { callOf, readPage, writePage } from "@tandem/rpc";
import type { makeCancelShipment, makeCreateShipment, makeRequestPickup } from "../biz/change-shipment.ts";
import type { makeGetLabel } from "../biz/get-label.ts";
import type { ShipmentReader } from "../biz/ports.ts";
import type { makeQuoteRates } from "../biz/quote-rates.ts";
import type { makeReceiveWebhook } from "../biz/receive-webhook.ts";
import { addressFromProto } from "../events/from-proto.ts";
import { failureToProto, rateToProto, shipmentToProto, statusToProto, trackingToProto } from "../events/to-proto.ts";
import type { Address } from "../model/address.ts";
import { labelNotReady, shipmentNotFound } from "../model/errors.ts";
import type { Shipment, ShipmentKind, ShipmentStatus } from "../model/shipment.ts";

export interface ShippingHandlersDeps {
  readonly shipments: ShipmentReader;
  readonly quoteRates: ReturnType<typeof makeQuoteRates>;
  readonly createShipment: ReturnType<typeof makeCreateShipment>;
  readonly cancelShipment: ReturnType<typeof makeCancelShipment>;
  readonly requestPickup: ReturnType<typeof makeRequestPickup>;
  readonly getLabel: ReturnType<typeof makeGetLabel>;
  readonly receiveWebhook: ReturnType<typeof makeReceiveWebhook>;
  readonly addressOf: (warehouseCode: string) => Address;
}

const KILOGRAM = 1_000;

const principalOf = (context: HandlerContext) => callOf(context).principal;

const actsFor = (context: HandlerContext) => (sellerId: string) => mayActForSeller(principalOf(context), sellerId);

/** Somebody else's shipment and no shipment look the same. */
const mayRead = (shipment: Shipment, context: HandlerContext): boolean =>
  actsFor(context)(shipment.sellerId) || mayActFor(principalOf(context), shipment.customerId);

/** The seller for whom something is made: named by staff, one's own otherwise. */
const sellerFor = (sellerId: string, context: HandlerContext): string => {
  const wanted = sellerId || (principalOf(context).sellerId ?? "");
  if (wanted === "")
    throw new AppError("invalid_argument", "request.invalid", "Whose parcel it is must be said.", {
      details: [{ field: "sellerId", rule: "required", message: "name the seller" }],
    });
  if (actsFor(context)(wanted)) return wanted;
  throw new AppError("permission_denied", "auth.not_owner", "This is another seller's.");
};

export const makeShippingHandlers = (deps: ShippingHandlersDeps): ServiceImpl<typeof ShippingService> => {
  const read = async (shipmentId: string, context: HandlerContext): Promise<Shipment> => {
    const shipment = await deps.shipments.getById(shipmentId);
    if (!mayRead(shipment, context)) throw shipmentNotFound(shipmentId);
    return shipment;
  };
  return {
    getRates: async ({ recipient, weightGrams, warehouseCode }, { signal }) => {
      if (!recipient) throw new AppError("invalid_argument", "request.invalid", "Where it goes must be said.");
      const { rates, unavailable } = await deps.quoteRates(
        {
          sender: deps.addressOf(warehouseCode || "MAIN"),
          recipient: addressFromProto(recipient),
          weightGrams: weightGrams || KILOGRAM,
        },
        signal,
      );
      return { rates: rates.map(rateToProto), unavailableCarriers: [...unavailable] };
    },

    createShipment: async ({ orderId, sellerId, recipient, lines, weightGrams, serviceLevel }, context) => ({
      shipment: shipmentToProto(
        await deps.createShipment(
          {
            orderId,
            sellerId: sellerFor(sellerId, context),
            recipient: recipient && addressFromProto(recipient),
            lines: lines.map(({ productId, quantity }) => ({ productId, quantity })),
            weightGrams,
            serviceLevel: serviceLevel === ProtoLevel.EXPRESS ? "EXPRESS" : "STANDARD",
          },
          context.signal,
        ),
      ),
    }),

    getShipment: async ({ shipmentId }, context) => ({ shipment: shipmentToProto(await read(shipmentId, context)) }),

    listShipments: async ({ page, orderId, sellerId, status, kind }, context) => {
      const { permissions, customerId, sellerId: ownSellerId } = principalOf(context);
      const found = await deps.shipments.listByCriteria(
        {
          owner: permissions.has(ACT_FOR_ANY_SELLER) ? undefined : { customerId, sellerId: ownSellerId },
          orderId: orderId || undefined,
          sellerId: sellerId || undefined,
          status: status === ProtoStatus.UNSPECIFIED ? undefined : (enumName(ProtoStatus, status) as ShipmentStatus),
          kind: kind === ProtoKind.UNSPECIFIED ? undefined : (enumName(ProtoKind, kind) as ShipmentKind),
        },
        readPage(page),
      );
      return { shipments: found.items.map(shipmentToProto), page: writePage(found) };
    },

    getLabel: async ({ shipmentId }, context) => {
      const shipment = await read(shipmentId, context);
      // A customer prints the label of a return; that of a parcel to them is none of theirs.
      if (shipment.kind !== "RETURN" && !actsFor(context)(shipment.sellerId)) throw labelNotReady(shipmentId);
      context.responseHeader.set("content-disposition", `inline; filename="label-${shipment.trackingNumber}.pdf"`);
      return { label: { contentType: "application/pdf", data: await deps.getLabel(shipment) } };
    },

    getTracking: async ({ shipmentId }, context) => {
      const shipment = await read(shipmentId, context);
      const { status, carrier, trackingNumber, trackingUrl, failure } = shipment;
      const events = await deps.shipments.listTracking(shipment.id);
      return {
        shipmentId: shipment.id,
        status: statusToProto(status),
        carrier,
        trackingNumber,
        trackingUrl,
        events: events.map(trackingToProto),
        failure: failureToProto(failure),
      };
    },

    requestPickup: async ({ shipmentId }, context) => {
      const input = { shipmentId, mayActFor: actsFor(context) };
      return { shipment: shipmentToProto(await deps.requestPickup(input, context.signal)) };
    },

    cancelShipment: async ({ shipmentId, reason }, context) => {
      const input = { shipmentId, reason: reason || "called off by hand", mayActFor: actsFor(context) };
      return { shipment: shipmentToProto(await deps.cancelShipment(input, context.signal)) };
    },

    receiveCarrierWebhook: async ({ carrier, payload }, { requestHeader }) => {
      const signature = requestHeader.get("webhook-signature") ?? "";
      await deps.receiveWebhook({ carrier, signature, body: payload?.data ?? new Uint8Array() });
      return {};
    },
  };
};
