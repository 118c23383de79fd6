import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { ACT_FOR_ANY_SELLER, mayActForSeller } from "@tandem/auth";
import { enumName } from "@tandem/contracts";
import { DriftStatus as ProtoDriftStatus, type WarehouseService } from "@tandem/contracts/warehouse";
import { AppError, type Clock } from "@tandem/kernel";
import { callOf, readPage, runBatch, summaryOf, toErrorInfo, writePage } from "@tandem/rpc";
import type { AdjustStockInput, makeAdjustStock } from "../biz/adjust-stock.ts";
import type { DriftReader, MovementReader, ReservationReader, StockReader } from "../biz/ports.ts";
import type { makeReconcileStock } from "../biz/reconcile-stock.ts";
import type { makeReleaseReservation } from "../biz/release-reservation.ts";
import type { makeReserveStock } from "../biz/reserve-stock.ts";
import { driftToProto, movementToProto, reservationToProto, stockToProto } from "../events/to-proto.ts";
import type { DriftStatus } from "../model/drift.ts";
import { stockNotFound } from "../model/errors.ts";
import type { Stock } from "../model/stock.ts";

export interface WarehouseHandlersDeps {
  readonly stocks: StockReader;
  readonly reservations: ReservationReader;
  readonly movements: MovementReader;
  readonly drifts: DriftReader;
  readonly adjustStock: ReturnType<typeof makeAdjustStock>;
  readonly reserveStock: ReturnType<typeof makeReserveStock>;
  readonly releaseReservation: ReturnType<typeof makeReleaseReservation>;
  readonly reconcileStock: ReturnType<typeof makeReconcileStock>;
  readonly clock: Clock;
  /** How long a reservation asked for by a call lasts when it does not say. */
  readonly reservationTtlMs: number;
}

export const makeWarehouseHandlers = (deps: WarehouseHandlersDeps): ServiceImpl<typeof WarehouseService> => {
  const { stocks, reservations, movements } = deps;

  const actsFor = (context: HandlerContext) => (sellerId: string) =>
    mayActForSeller(callOf(context).principal, sellerId);

  const read = async (productId: string, context: HandlerContext): Promise<Stock> => {
    const stock = await stocks.getByProductId(productId);
    if (!actsFor(context)(stock.sellerId)) throw stockNotFound(productId);
    return stock;
  };

  /** Without a criterion sellers see their own, and staff all. */
  const listedSeller = (sellerId: string, context: HandlerContext): string | undefined => {
    const { principal } = callOf(context);
    if (principal.permissions.has(ACT_FOR_ANY_SELLER)) return sellerId || undefined;
    const own = sellerId || (principal.sellerId ?? "");
    if (mayActForSeller(principal, own)) return own;
    throw new AppError("permission_denied", "auth.not_owner", "This is another seller's stock.");
  };

  /** Another seller's stock and no stock look the same. */
  const adjust = async (input: AdjustStockInput, context: HandlerContext): Promise<Stock> => {
    const [known] = await stocks.listByProductIds([input.productId]);
    const sellerId = known?.sellerId ?? input.sellerId ?? "";
    if (!actsFor(context)(sellerId)) throw stockNotFound(input.productId);
    return deps.adjustStock(input, context.signal);
  };
  const inputOf = (request: { productId: string; sellerId: string; delta: number; reason: string }) => ({
    productId: request.productId,
    sellerId: request.sellerId || undefined,
    delta: request.delta,
    reason: request.reason,
  });

  return {
    getStock: async ({ productId }, context) => ({ stock: stockToProto(await read(productId, context)) }),

    listStock: async ({ page, sellerId }, context) => {
      const found = await stocks.listByCriteria({ sellerId: listedSeller(sellerId, context) }, readPage(page));
      return { stocks: found.items.map(stockToProto), page: writePage(found) };
    },

    batchGetStock: async ({ productIds }, context) => {
      const readable = (await stocks.listByProductIds(productIds)).filter(({ sellerId }) => actsFor(context)(sellerId));
      const found = new Map(readable.map((stock) => [stock.productId, stock]));
      const outcomes = productIds.map((productId) => {
        const stock = found.get(productId);
        return stock
          ? { productId, outcome: { case: "stock" as const, value: stockToProto(stock) } }
          : { productId, outcome: { case: "error" as const, value: toErrorInfo(stockNotFound(productId)) } };
      });
      return { results: outcomes, summary: summaryOf(outcomes.map(({ outcome }) => outcome)) };
    },

    adjustStock: async (request, context) => ({ stock: stockToProto(await adjust(inputOf(request), context)) }),

    batchAdjustStock: async ({ adjustments }, context) => {
      const outcomes = await runBatch(adjustments, (request) => adjust(inputOf(request), context));
      const results = outcomes.map((outcome, at) => ({
        productId: adjustments[at]?.productId ?? "",
        outcome: outcome.case === "ok" ? { case: "stock" as const, value: stockToProto(outcome.value) } : outcome,
      }));
      return { results, summary: summaryOf(outcomes) };
    },

    reserveStock: async ({ orderId, lines, expiresAt }, { signal }) => {
      const until = expiresAt ? timestampDate(expiresAt) : new Date(deps.clock.now().getTime() + deps.reservationTtlMs);
      return { reservation: reservationToProto(await deps.reserveStock({ orderId, lines, expiresAt: until }, signal)) };
    },

    releaseReservation: async ({ orderId }, { signal }) => {
      await reservations.getByOrderId(orderId);
      const released = await deps.releaseReservation({ orderId, reason: "REQUESTED" }, signal);
      return { reservation: reservationToProto(released) };
    },

    getReservation: async ({ orderId }) => ({
      reservation: reservationToProto(await reservations.getByOrderId(orderId)),
    }),

    listDrifts: async ({ status, page }) => {
      const wanted =
        status === ProtoDriftStatus.UNSPECIFIED ? undefined : (enumName(ProtoDriftStatus, status) as DriftStatus);
      const found = await deps.drifts.listByStatus(wanted, readPage(page));
      return { drifts: found.items.map(driftToProto), page: writePage(found) };
    },

    reconcileStock: async ({ repair }, { signal }) => {
      const { found, repaired } = await deps.reconcileStock({ repair }, signal);
      return { found: found.length, repaired };
    },

    listMovements: async ({ productId, page }, context) => {
      await read(productId, context);
      const found = await movements.listByProductId(productId, readPage(page));
      return { movements: found.items.map(movementToProto), page: writePage(found) };
    },
  };
};
