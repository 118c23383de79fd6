import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { ACT_FOR_ANY_CUSTOMER, mayActFor, mayActForSeller } from "@tandem/auth";
import { enumName } from "@tandem/contracts";
import { moneyFromProto } from "@tandem/contracts/common";
import {
  type OrderService,
  CancelReason as ProtoCancelReason,
  OrderStatus as ProtoOrderStatus,
  TimelineEntrySchema,
  TimelineOutcome,
} from "@tandem/contracts/order";
import { AppError, newId } from "@tandem/kernel";
import { callOf, readPage, runBatch, summaryOf, toErrorInfo, writePage } from "@tandem/rpc";
import type { makeAwaitOutcome } from "../biz/await-outcome.ts";
import type { makeAwaitVersion } from "../biz/await-version.ts";
import type { makeCancelOrder } from "../biz/cancel-order.ts";
import type { makeCreateReturn } from "../biz/create-return.ts";
import type { makePlaceOrder } from "../biz/place-order.ts";
import type { DashboardReader, MyOrderReader, OrderReader, TimelineReader } from "../biz/ports.ts";
import type { makeUpdateOrder } from "../biz/update-order.ts";
import { addressFromProto, paymentMethodFromProto } from "../events/from-proto.ts";
import { orderToProto, returnToProto } from "../events/order-to-proto.ts";
import { dashboardToProto, summaryToProto } from "../events/read-model-to-proto.ts";
import { customerMissing, orderNotFound } from "../model/errors.ts";
import type { CancelReason, Order, OrderStatus } from "../model/order.ts";
import { returnOf } from "../model/order-return.ts";
import { waitMsOf } from "./prefer-wait.ts";

export interface OrderHandlersDeps {
  readonly orders: OrderReader;
  readonly timelines: TimelineReader;
  readonly dashboards: DashboardReader;
  readonly placeOrder: ReturnType<typeof makePlaceOrder>;
  readonly myOrders: MyOrderReader;
  readonly createReturn: ReturnType<typeof makeCreateReturn>;
  readonly awaitVersion: ReturnType<typeof makeAwaitVersion>;
  readonly updateOrder: ReturnType<typeof makeUpdateOrder>;
  readonly cancelOrder: ReturnType<typeof makeCancelOrder>;
  readonly awaitOutcome: ReturnType<typeof makeAwaitOutcome>;
}

const isStaff = (context: HandlerContext) => callOf(context).principal.permissions.has(ACT_FOR_ANY_CUSTOMER);
const mayAct = (context: HandlerContext) => (customerId: string) => mayActFor(callOf(context).principal, customerId);

/** Sellers read the orders that hold a line of theirs. */
const mayRead = (order: Order, context: HandlerContext): boolean => {
  const { principal } = callOf(context);
  return mayActFor(principal, order.customerId) || order.lines.some(({ sellerId }) => principal.sellerId === sellerId);
};

const statusOf = (status: ProtoOrderStatus): OrderStatus | undefined =>
  status === ProtoOrderStatus.UNSPECIFIED ? undefined : (enumName(ProtoOrderStatus, status) as OrderStatus);

const reasonOf = (reason: ProtoCancelReason, context: HandlerContext): CancelReason =>
  reason === ProtoCancelReason.UNSPECIFIED
    ? isStaff(context)
      ? "STAFF_REQUEST"
      : "CUSTOMER_REQUEST"
    : (enumName(ProtoCancelReason, reason) as CancelReason);

export const makeOrderHandlers = (deps: OrderHandlersDeps): ServiceImpl<typeof OrderService> => {
  const read = async (orderId: string, context: HandlerContext): Promise<Order> => {
    const order = await deps.orders.getById(orderId);
    if (!mayRead(order, context)) throw orderNotFound(orderId);
    return order;
  };
  /** Whose order it is comes first: somebody else's is not waited for. */
  const readFrom = async (orderId: string, minVersion: bigint, context: HandlerContext): Promise<Order> => {
    const order = await read(orderId, context);
    return order.version >= minVersion ? order : deps.awaitVersion(orderId, minVersion, context.signal);
  };
  const cancel = (orderId: string, reason: ProtoCancelReason, text: string, context: HandlerContext) =>
    deps.cancelOrder(
      { orderId, reason: reasonOf(reason, context), note: text, mayActFor: mayAct(context) },
      context.signal,
    );

  return {
    createOrder: async (request, context) => {
      const { principal, idempotencyKey, remainingMs } = callOf(context);
      const customerId = request.customerId || principal.customerId;
      if (!customerId) throw customerMissing();
      if (!mayActFor(principal, customerId)) {
        throw new AppError("permission_denied", "auth.not_owner", "Only staff order for others.");
      }
      const { order } = await deps.placeOrder(
        {
          customerId,
          currency: request.currencyCode,
          items: request.lines.map(({ productId, quantity }) => ({ productId, quantity })),
          shippingAddress: addressFromProto(request.shippingAddress),
          paymentMethod: paymentMethodFromProto(request.paymentMethod),
          notes: request.notes,
          voucherCode: request.voucherCode,
          cartId: "",
          expectedTotal: request.expectedTotal && moneyFromProto(request.expectedTotal),
          // In the order's own transaction, behind the stored response: a crash between the two cannot order twice.
          checkoutKey: idempotencyKey ? `key:${principal.subject}:${idempotencyKey}` : `id:${newId()}`,
        },
        context.signal,
      );
      const waitMs = waitMsOf(context.requestHeader, remainingMs());
      return { order: orderToProto(await deps.awaitOutcome(order, waitMs, context.signal)) };
    },

    getOrder: async ({ orderId, minVersion }, context) => ({
      order: orderToProto(await readFrom(orderId, minVersion, context)),
    }),

    listMyOrders: async ({ page, status, orderId, minVersion }, context) => {
      const { customerId } = callOf(context).principal;
      if (!customerId) throw customerMissing();
      if (orderId) await readFrom(orderId, minVersion, context);
      const found = await deps.myOrders.listByCustomer(customerId, statusOf(status), readPage(page));
      return { orders: found.items.map(summaryToProto), page: writePage(found) };
    },

    createReturn: async ({ orderId, lines, reason }, context) => {
      const wanted = lines.map(({ productId, quantity }) => ({ productId, quantity }));
      const input = { orderId, lines: wanted, reason, mayActFor: mayAct(context) };
      return { return: returnToProto(await deps.createReturn(input, context.signal)) };
    },

    getReturn: async ({ orderId, returnId }, context) => ({
      return: returnToProto(returnOf(await read(orderId, context), returnId)),
    }),

    listReturns: async ({ orderId }, context) => ({
      returns: (await read(orderId, context)).returns.map(returnToProto),
    }),

    listOrders: async ({ page, customerId, sellerId, status }, context) => {
      const { principal } = callOf(context);
      const staff = isStaff(context);
      if (customerId && !mayActFor(principal, customerId)) {
        throw new AppError("permission_denied", "auth.not_owner", "These are another customer's orders.");
      }
      if (sellerId && !mayActForSeller(principal, sellerId)) {
        throw new AppError("permission_denied", "auth.not_owner", "These are another seller's orders.");
      }
      // Without a criterion everybody sees their own, and staff all.
      const own = staff || sellerId ? undefined : (principal.customerId ?? "");
      if (own === "" && !principal.sellerId) throw customerMissing();
      const found = await deps.orders.listByCriteria(
        {
          customerId: customerId || own || undefined,
          sellerId: sellerId || (own === "" ? principal.sellerId : undefined),
          status: statusOf(status),
        },
        readPage(page),
      );
      return { orders: found.items.map(orderToProto), page: writePage(found) };
    },

    updateOrder: async ({ orderId, version, shippingAddress, notes }, context) => ({
      order: orderToProto(
        await deps.updateOrder(
          {
            orderId,
            expectedVersion: version,
            shippingAddress: addressFromProto(shippingAddress),
            notes,
            mayActFor: mayAct(context),
          },
          context.signal,
        ),
      ),
    }),

    cancelOrder: async ({ orderId, reason, text }, context) => {
      const order = await cancel(orderId, reason, text, context);
      const waitMs = waitMsOf(context.requestHeader, callOf(context).remainingMs());
      return { order: orderToProto(await deps.awaitOutcome(order, waitMs, context.signal)) };
    },

    batchGetOrders: async ({ orderIds }, context) => {
      const found = new Map((await deps.orders.listByIds(orderIds)).map((order) => [order.id, order]));
      const results = orderIds.map((orderId) => {
        const order = found.get(orderId);
        return order && mayRead(order, context)
          ? { orderId, outcome: { case: "order" as const, value: orderToProto(order) } }
          : { orderId, outcome: { case: "error" as const, value: toErrorInfo(orderNotFound(orderId)) } };
      });
      return { results, summary: summaryOf(results.map(({ outcome }) => outcome)) };
    },

    batchCancelOrders: async ({ orderIds, reason, text }, context) => {
      const outcomes = await runBatch(orderIds, (orderId) => cancel(orderId, reason, text, context));
      const results = outcomes.map((outcome, at) => ({
        orderId: orderIds[at] ?? "",
        outcome: outcome.case === "ok" ? { case: "order" as const, value: orderToProto(outcome.value) } : outcome,
      }));
      return { results, summary: summaryOf(outcomes) };
    },

    getOrderTimeline: async ({ orderId }, context) => {
      await read(orderId, context);
      const timeline = await deps.timelines.getByOrderId(orderId);
      // After the timeline, so that a final one never comes with the status before.
      const order = await deps.orders.getById(orderId);
      return {
        orderId,
        status: ProtoOrderStatus[order.status],
        sagaState: timeline.sagaState,
        final: timeline.final,
        entries: timeline.records.map((record) =>
          create(TimelineEntrySchema, {
            step: record.step,
            service: record.service,
            eventId: record.eventId,
            text: record.text,
            outcome: TimelineOutcome[record.outcome],
            at: timestampFromDate(record.at),
            elapsedMs: BigInt(record.at.getTime() - order.createdAt.getTime()),
          }),
        ),
      };
    },

    getSellerDashboard: async ({ sellerId }, context) => {
      if (!mayActForSeller(callOf(context).principal, sellerId)) {
        throw new AppError("permission_denied", "auth.not_owner", "This is another seller's dashboard.");
      }
      return { dashboard: dashboardToProto(await deps.dashboards.getBySellerId(sellerId)) };
    },
  };
};
