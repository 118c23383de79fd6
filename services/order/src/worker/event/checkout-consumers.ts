import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { enumName, topicOf } from "@tandem/contracts";
import {
  PaymentAuthorizedSchema,
  PaymentCapturedSchema,
  PaymentFailedSchema,
  PaymentFailureCode,
  PaymentOperation,
  PaymentRefundedSchema,
} from "@tandem/contracts/payment";
import {
  ShipmentDeliveredSchema,
  ShipmentDispatchedSchema,
  ShipmentFailedSchema,
  ShipmentFailure,
} from "@tandem/contracts/shipping";
import {
  ReleaseReason,
  StockRejectedSchema,
  StockReleasedSchema,
  StockReservedSchema,
} from "@tandem/contracts/warehouse";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeHandleCheckoutEvent } from "../../biz/handle-checkout-event.ts";
import type { CheckoutEvent } from "../../model/checkout-events.ts";

type Deps = { readonly handleCheckoutEvent: ReturnType<typeof makeHandleCheckoutEvent> };
type OrderMessage<Desc extends DescMessage> = MessageShape<Desc> & { readonly orderId: string };

/**
 * One consumer per event that answers a checkout; they differ in nothing but the translation. Too early: kept by the saga until
 * it is wanted. Too late or again: recorded, no effect. An order that is not ours: done.
 */
const answer = <Desc extends DescMessage>(
  deps: Deps,
  event: Desc,
  translate: (message: OrderMessage<Desc>) => CheckoutEvent,
): Consumer => {
  const topic = topicOf(event);
  return defineConsumer({
    name: `order.on-${topic.name.replaceAll(/[._]/g, "-")}`,
    event,
    handle: (message, { id, signal }) => {
      const about = message as OrderMessage<Desc>;
      const source = topic.context;
      return deps.handleCheckoutEvent({ orderId: about.orderId, event: translate(about), eventId: id, source }, signal);
    },
  });
};

const failureOf = (operation: PaymentOperation, code: string): CheckoutEvent => {
  if (operation === PaymentOperation.CAPTURE) return { type: "capture_failed", code };
  if (operation === PaymentOperation.VOID || operation === PaymentOperation.REFUND)
    return { type: "refund_failed", code };
  return { type: "payment_failed", code };
};

const releaseCause = (reason: ReleaseReason): "ORDER_CANCELLED" | "EXPIRED" | "REQUESTED" => {
  if (reason === ReleaseReason.EXPIRED) return "EXPIRED";
  return reason === ReleaseReason.REQUESTED ? "REQUESTED" : "ORDER_CANCELLED";
};

export const checkoutConsumers = (deps: Deps): readonly Consumer[] => [
  answer(deps, StockReservedSchema, ({ expiresAt }) => ({
    type: "stock_reserved",
    expiresAtMs: expiresAt ? timestampMs(expiresAt) : 0,
  })),
  answer(deps, StockRejectedSchema, () => ({ type: "stock_rejected" })),
  answer(deps, StockReleasedSchema, ({ reason }) => ({ type: "stock_released", cause: releaseCause(reason) })),
  answer(deps, PaymentAuthorizedSchema, ({ paymentId }) => ({ type: "payment_authorized", paymentId })),
  answer(deps, PaymentFailedSchema, ({ operation, failureCode }) =>
    failureOf(operation, enumName(PaymentFailureCode, failureCode)),
  ),
  answer(deps, PaymentCapturedSchema, () => ({ type: "payment_captured" })),
  answer(deps, PaymentRefundedSchema, () => ({ type: "payment_refunded" })),
  answer(deps, ShipmentDispatchedSchema, ({ sellerId }) => ({ type: "shipment_dispatched", sellerId })),
  answer(deps, ShipmentDeliveredSchema, ({ sellerId }) => ({ type: "shipment_delivered", sellerId })),
  answer(deps, ShipmentFailedSchema, ({ failure }) => ({
    type: "shipment_failed",
    cause: enumName(ShipmentFailure, failure),
  })),
];
