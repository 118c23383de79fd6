import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { moneyToProto, PaymentMethodKind } from "@tandem/contracts/common";
import {
  PaymentAuthorizedSchema,
  PaymentCapturedSchema,
  PaymentFailedSchema,
  PaymentFailureCode,
  PaymentOperation,
  PaymentRefundedSchema,
  PaymentSettledSchema,
} from "@tandem/contracts/payment";
import { newEvent, type OutgoingEvent } from "@tandem/messaging";
import type { PaymentEvent } from "../model/payment-events.ts";
import { settlementToProto } from "./to-proto.ts";

export const toOutgoingEvent = (event: PaymentEvent): OutgoingEvent => {
  const occurredAt = timestampFromDate(event.at);
  if (event.type === "payment.settled") {
    return newEvent(PaymentSettledSchema, {
      settlementId: event.settlement.id,
      aggregateVersion: 1n,
      occurredAt,
      settlement: settlementToProto(event.settlement),
    });
  }
  const { payment } = event;
  const common = { paymentId: payment.id, aggregateVersion: payment.version, occurredAt, orderId: payment.orderId };
  const methodKind = PaymentMethodKind[payment.method];
  switch (event.type) {
    case "payment.authorized":
      return newEvent(PaymentAuthorizedSchema, { ...common, amount: moneyToProto(payment.amount), methodKind });
    case "payment.captured":
      return newEvent(PaymentCapturedSchema, { ...common, amount: moneyToProto(payment.captured), methodKind });
    case "payment.failed":
      return newEvent(PaymentFailedSchema, {
        ...common,
        amount: moneyToProto(payment.amount),
        operation: PaymentOperation[event.operation],
        failureCode: PaymentFailureCode[event.code],
        text: event.text,
      });
    case "payment.refunded":
      return newEvent(PaymentRefundedSchema, {
        ...common,
        refundId: event.refundId,
        amount: moneyToProto(event.amount),
        totalRefunded: moneyToProto(payment.refunded),
        reason: event.reason,
      });
  }
};
