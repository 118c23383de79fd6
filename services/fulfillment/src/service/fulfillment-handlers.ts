import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { ACT_FOR_ANY_SELLER, mayActForSeller } from "@tandem/auth";
import { enumName } from "@tandem/contracts";
import {
  type FulfillmentService,
  MissingPieces,
  FulfillmentStatus as ProtoStatus,
} from "@tandem/contracts/fulfillment";
import { AppError } from "@tandem/kernel";
import { callOf, readPage, writePage } from "@tandem/rpc";
import type {
  makeCancelFulfillment,
  makeConfirmPick,
  makeHandOver,
  makePack,
  makeStartPicking,
} from "../biz/change-fulfillment.ts";
import type { FulfillmentReader } from "../biz/ports.ts";
import { fulfillmentToProto } from "../events/to-proto.ts";
import { fulfillmentNotFound } from "../model/errors.ts";
import type { FulfillmentStatus, Missing } from "../model/fulfillment.ts";

export interface FulfillmentHandlersDeps {
  readonly fulfillments: FulfillmentReader;
  readonly startPicking: ReturnType<typeof makeStartPicking>;
  readonly confirmPick: ReturnType<typeof makeConfirmPick>;
  readonly pack: ReturnType<typeof makePack>;
  readonly handOver: ReturnType<typeof makeHandOver>;
  readonly cancelFulfillment: ReturnType<typeof makeCancelFulfillment>;
}

const actsFor = (context: HandlerContext) => (sellerId: string) => mayActForSeller(callOf(context).principal, sellerId);

/** Without a criterion sellers see their own, and staff all. */
const listedSeller = (sellerId: string, context: HandlerContext): string | undefined => {
  const { principal } = callOf(context);
  if (principal.permissions.has(ACT_FOR_ANY_SELLER)) return sellerId || undefined;
  const own = sellerId || (principal.sellerId ?? "");
  if (mayActForSeller(principal, own)) return own;
  throw new AppError("permission_denied", "auth.not_owner", "These are another seller's fulfillments.");
};

export const makeFulfillmentHandlers = (deps: FulfillmentHandlersDeps): ServiceImpl<typeof FulfillmentService> => ({
  listFulfillments: async ({ page, status, sellerId, orderId, warehouseCode, flagged }, context) => {
    const found = await deps.fulfillments.listByCriteria(
      {
        status: status === ProtoStatus.UNSPECIFIED ? undefined : (enumName(ProtoStatus, status) as FulfillmentStatus),
        sellerId: listedSeller(sellerId, context),
        orderId: orderId || undefined,
        warehouseCode: warehouseCode || undefined,
        flagged,
      },
      readPage(page),
    );
    return { fulfillments: found.items.map(fulfillmentToProto), page: writePage(found) };
  },

  getFulfillment: async ({ fulfillmentId }, context) => {
    const fulfillment = await deps.fulfillments.getById(fulfillmentId);
    if (!actsFor(context)(fulfillment.sellerId)) throw fulfillmentNotFound(fulfillmentId);
    return { fulfillment: fulfillmentToProto(fulfillment) };
  },

  startPicking: async ({ fulfillmentId }, context) => {
    const input = { fulfillmentId, mayActFor: actsFor(context) };
    return { fulfillment: fulfillmentToProto(await deps.startPicking(input, context.signal)) };
  },

  confirmPick: async ({ fulfillmentId, lines }, context) => {
    const picks = lines.map(({ productId, picked }) => ({ productId, picked }));
    const input = { fulfillmentId, picks, mayActFor: actsFor(context) };
    return { fulfillment: fulfillmentToProto(await deps.confirmPick(input, context.signal)) };
  },

  pack: async ({ fulfillmentId, weightGrams, missing }, context) => {
    const chosen = missing === MissingPieces.UNSPECIFIED ? undefined : (enumName(MissingPieces, missing) as Missing);
    const input = { fulfillmentId, packing: { weightGrams, missing: chosen }, mayActFor: actsFor(context) };
    return { fulfillment: fulfillmentToProto(await deps.pack(input, context.signal)) };
  },

  handOver: async ({ fulfillmentId }, context) => {
    const input = { fulfillmentId, mayActFor: actsFor(context) };
    return { fulfillment: fulfillmentToProto(await deps.handOver(input, context.signal)) };
  },

  cancelFulfillment: async ({ fulfillmentId, reason }, context) => {
    const input = { fulfillmentId, reason: reason || "cancelled by the seller", mayActFor: actsFor(context) };
    return { fulfillment: fulfillmentToProto(await deps.cancelFulfillment(input, context.signal)) };
  },
});
