import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { moneyToProto, PaymentMethodKind } from "@tandem/contracts/common";
import {
  PaymentFailureCode,
  PaymentSchema,
  PaymentStatus as ProtoPaymentStatus,
  RefundSchema,
  RefundStatus,
  SettlementDifferenceKind,
  SettlementFileSchema,
  SettlementFileStatus,
  SettlementSchema,
} from "@tandem/contracts/payment";
import type { Refund } from "../model/operation.ts";
import type { Payment } from "../model/payment.ts";
import type { Settlement } from "../model/settlement.ts";
import type { SettlementFile } from "../model/settlement-file.ts";

const stamp = (at: Date | undefined) => at && timestampFromDate(at);

/** Never with the card's token. */
export const paymentToProto = (payment: Payment, refunds: readonly Refund[]) =>
  create(PaymentSchema, {
    paymentId: payment.id,
    orderId: payment.orderId,
    customerId: payment.customerId,
    status: ProtoPaymentStatus[payment.status],
    methodKind: PaymentMethodKind[payment.method],
    amount: moneyToProto(payment.amount),
    captured: moneyToProto(payment.captured),
    refunded: moneyToProto(payment.refunded),
    ...(payment.failureCode ? { failureCode: PaymentFailureCode[payment.failureCode] } : {}),
    providerReference: payment.providerReference,
    refunds: refunds.map(refundToProto),
    version: payment.version,
    createdAt: timestampFromDate(payment.createdAt),
    updatedAt: timestampFromDate(payment.updatedAt),
    authorizedAt: stamp(payment.authorizedAt),
    capturedAt: stamp(payment.capturedAt),
  });

const refundToProto = (refund: Refund) =>
  create(RefundSchema, {
    refundId: refund.id,
    amount: moneyToProto(refund.amount),
    reason: refund.reason,
    status: RefundStatus[refund.status],
    createdAt: timestampFromDate(refund.createdAt),
  });

export const settlementToProto = (settlement: Settlement) =>
  create(SettlementSchema, {
    settlementId: settlement.id,
    gross: moneyToProto(settlement.gross),
    refunded: moneyToProto(settlement.refunded),
    fee: moneyToProto(settlement.fee),
    net: moneyToProto(settlement.net),
    paymentCount: settlement.paymentCount,
    periodStart: timestampFromDate(settlement.periodStart),
    periodEnd: timestampFromDate(settlement.periodEnd),
    settledAt: timestampFromDate(settlement.settledAt),
  });

export const settlementFileToProto = (file: SettlementFile) =>
  create(SettlementFileSchema, {
    fileId: file.id,
    provider: file.provider,
    day: file.day,
    status: SettlementFileStatus[file.status],
    lineCount: file.lineCount,
    differences: file.differences.map(({ kind, operationId, paymentId, ours, theirs }) => ({
      kind: SettlementDifferenceKind[kind],
      operationId,
      paymentId: paymentId ?? "",
      ...(ours ? { ours: moneyToProto(ours) } : {}),
      ...(theirs ? { theirs: moneyToProto(theirs) } : {}),
    })),
    settlementIds: [...file.settlementIds],
    importedAt: timestampFromDate(file.importedAt),
  });
