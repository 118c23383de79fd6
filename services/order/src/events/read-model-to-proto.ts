import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { moneyToProto } from "@tandem/contracts/common";
import {
  OrderSummarySchema,
  OrderStatus as ProtoOrderStatus,
  ReturnStatus as ProtoReturnStatus,
  SellerDashboardSchema,
} from "@tandem/contracts/order";
import type { OrderSummary, SellerDashboard } from "../biz/ports.ts";

export const summaryToProto = (summary: OrderSummary) =>
  create(OrderSummarySchema, {
    orderId: summary.orderId,
    status: ProtoOrderStatus[summary.status],
    total: moneyToProto(summary.total),
    items: summary.items,
    title: summary.title,
    paid: summary.paid,
    cancelRequested: summary.cancelRequested,
    openReturns: summary.openReturns,
    version: summary.version,
    createdAt: timestampFromDate(summary.createdAt),
    updatedAt: timestampFromDate(summary.updatedAt),
  });

export const dashboardToProto = (dashboard: SellerDashboard) =>
  create(SellerDashboardSchema, {
    sellerId: dashboard.sellerId,
    orders: dashboard.orders.map(({ status, count, revenue }) => ({
      status: ProtoOrderStatus[status],
      count: BigInt(count),
      revenue: revenue.map(moneyToProto),
    })),
    revenue: dashboard.revenue.map(moneyToProto),
    itemsSold: BigInt(dashboard.itemsSold),
    returns: dashboard.returns.map(({ status, count, refund }) => ({
      status: ProtoReturnStatus[status],
      count: BigInt(count),
      refund: refund.map(moneyToProto),
    })),
    topProducts: dashboard.topProducts.map(({ itemsSold, revenue, ...product }) => ({
      ...product,
      itemsSold: BigInt(itemsSold),
      revenue: revenue.map(moneyToProto),
    })),
  });
