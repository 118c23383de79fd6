import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { ACT_FOR_ANY_SELLER, mayActForSeller } from "@tandem/auth";
import { moneyFromProto } from "@tandem/contracts/common";
import type { PricingService } from "@tandem/contracts/pricing";
import { AppError, type Clock } from "@tandem/kernel";
import { callOf, readPage, writePage } from "@tandem/rpc";
import type { Logger } from "@tandem/runtime";
import type { makeAnnouncePrices } from "../biz/announce-prices.ts";
import type { makeCreatePromotion } from "../biz/create-promotion.ts";
import type { makeDeactivatePromotion } from "../biz/deactivate-promotion.ts";
import type { PromotionReader } from "../biz/ports.ts";
import { dateFromProto, discountFromProto, promotionStatusFromProto, tierFromProto } from "../events/from-proto.ts";
import { promotionToProto } from "../events/to-proto.ts";
import { periodInvalid, promotionNotFound } from "../model/errors.ts";

export interface PromotionHandlersDeps {
  readonly promotions: PromotionReader;
  readonly createPromotion: ReturnType<typeof makeCreatePromotion>;
  readonly deactivatePromotion: ReturnType<typeof makeDeactivatePromotion>;
  readonly announcePrices: ReturnType<typeof makeAnnouncePrices>;
  readonly clock: Clock;
  readonly log: Pick<Logger, "warn">;
}

type Handlers = Pick<
  ServiceImpl<typeof PricingService>,
  "createPromotion" | "getPromotion" | "listPromotions" | "deactivatePromotion"
>;

/** Announced before the call answers; the activation job announces the rest. */
const ANNOUNCE_AT_ONCE = 200;

const mayAct = (context: HandlerContext) => {
  const { principal } = callOf(context);
  return (sellerId: string) => mayActForSeller(principal, sellerId);
};

export const makePromotionHandlers = (deps: PromotionHandlersDeps): Handlers => {
  const { promotions, clock } = deps;

  /** A seller's promotion is for his own products, said or not; somebody else's seller id is refused. */
  const sellerOf = (sellerId: string, context: HandlerContext): string | undefined => {
    const { principal } = callOf(context);
    if (principal.permissions.has(ACT_FOR_ANY_SELLER)) return sellerId || undefined;
    if (principal.sellerId && (sellerId === "" || sellerId === principal.sellerId)) return principal.sellerId;
    throw new AppError("permission_denied", "auth.not_owner", "This belongs to another seller.");
  };

  /** The promotion is committed and its products are queued: what fails here, the activation job does within a minute. */
  const announceSome = async (signal: AbortSignal): Promise<void> => {
    try {
      await deps.announcePrices({ limit: ANNOUNCE_AT_ONCE }, signal);
    } catch (err) {
      deps.log.warn({ err }, "prices wait for the activation job to be announced");
    }
  };

  return {
    createPromotion: async (request, context) => {
      const endsAt = dateFromProto(request.endsAt);
      if (!endsAt) throw periodInvalid();
      const promotion = await deps.createPromotion(
        {
          name: request.name,
          discount: discountFromProto(request.discount),
          productIds: request.productIds,
          sellerId: sellerOf(request.sellerId, context),
          minQuantity: request.minQuantity || 1,
          minSpend: request.minSpend && moneyFromProto(request.minSpend),
          tiers: request.tiers.map(tierFromProto),
          startsAt: dateFromProto(request.startsAt),
          endsAt,
          mayActForSeller: mayAct(context),
        },
        context.signal,
      );
      await announceSome(context.signal);
      return { promotion: promotionToProto(promotion, clock.now()) };
    },

    getPromotion: async ({ promotionId }, context) => {
      const promotion = await promotions.getById(promotionId);
      if (!mayAct(context)(promotion.sellerId ?? "")) throw promotionNotFound(promotionId);
      return { promotion: promotionToProto(promotion, clock.now()) };
    },

    listPromotions: async ({ page, status, sellerId }, context) => {
      const now = clock.now();
      const criteria = { status: promotionStatusFromProto(status), sellerId: sellerOf(sellerId, context), now };
      const found = await promotions.listByCriteria(criteria, readPage(page));
      return { promotions: found.items.map((one) => promotionToProto(one, now)), page: writePage(found) };
    },

    deactivatePromotion: async ({ promotionId }, context) => {
      const promotion = await deps.deactivatePromotion(
        { promotionId, mayActForSeller: mayAct(context) },
        context.signal,
      );
      await announceSome(context.signal);
      return { promotion: promotionToProto(promotion, clock.now()) };
    },
  };
};
