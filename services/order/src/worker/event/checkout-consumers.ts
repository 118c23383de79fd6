import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { enumName, topicOf } from "@tandem/contracts";
import {
  FulfillmentStatus,
  type FulfillmentStatusChanged,
  FulfillmentStatusChangedSchema,
} from "@tandem/contracts/fulfillment";
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
import type { makeNoteRefund } from "../../biz/follow-return.ts";
import type { makeHandleCheckoutEvent } from "../../biz/handle-checkout-event.ts";
import type { CheckoutEvent, Parcel } from "../../model/checkout-events.ts";

type Deps = {
  readonly handleCheckoutEvent: ReturnType<typeof makeHandleCheckoutEvent>;
  readonly refundReturn: ReturnType<typeof makeNoteRefund>;
};
type OrderMessage<Desc extends DescMessage> = MessageShape<Desc> & { readonly orderId: string };

/**
 * One consumer per event that answers a checkout; they differ in nothing but the translation. Too early: kept by the saga until
 * it is wanted. Too late or again: recorded, no effect. An order that is not ours: done.
 */
const answer = <Desc extends DescMessage>(
  deps: Deps,
  event: Desc,
  translate: (message: OrderMessage<Desc>) => CheckoutEvent | undefined,
): Consumer => {
  const topic = topicOf(event);
  return defineConsumer({
    name: `order.on-${topic.name.replaceAll(/[._]/g, "-")}`,
    event,
    handle: async (message, { id, signal, carryInbox, ignore }) => {
      const about = message as OrderMessage<Desc>;
      const answered = translate(about);
      if (!answered) return ignore();
      await deps.handleCheckoutEvent(
        { orderId: about.orderId, event: answered, eventId: id, source: topic.context, once: carryInbox() },
        signal,
      );
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

interface ShippedPieces {
  readonly fulfillmentId: string;
  readonly lines: readonly { readonly productId: string; readonly quantity: number }[];
}

const parcelOf = ({ fulfillmentId, lines }: ShippedPieces): { readonly parcel?: Parcel } =>
  fulfillmentId && lines.length > 0
    ? { parcel: { fulfillmentId, lines: lines.map(({ productId, quantity }) => ({ productId, quantity })) } }
    : {};

/** Fulfillment says a lot; what changes the order is what is not sent, and what cannot be held back. */
const fulfillmentEvent = (message: FulfillmentStatusChanged): CheckoutEvent | undefined => {
  const { fulfillmentId, status, fulfillment, reason } = message;
  const lines = fulfillment?.lines ?? [];
  if (message.cancellationRefused) {
    const sent = lines.map(({ productId, quantity, short }) => ({ productId, quantity: quantity - short }));
    return { type: "cancellation_refused", parcel: { fulfillmentId, lines: sent } };
  }
  switch (status) {
    case FulfillmentStatus.PENDING:
      return { type: "fulfillment_opened" };
    case FulfillmentStatus.PICKING:
      return { type: "fulfillment_picking" };
    case FulfillmentStatus.PACKED: {
      const short = lines.filter((line) => line.short > 0);
      if (short.length === 0) return { type: "fulfillment_packed" };
      const missed = short.map((line) => ({ productId: line.productId, quantity: line.short }));
      return { type: "fulfillment_short", parcel: { fulfillmentId, lines: missed } };
    }
    case FulfillmentStatus.HANDED_OVER:
      return { type: "fulfillment_handed_over" };
    case FulfillmentStatus.CANCELLED: {
      const held = lines.map((line) => ({
        productId: line.productId,
        quantity: line.quantity,
        missing: line.short,
      }));
      return { type: "fulfillment_cancelled", parcel: { fulfillmentId, lines: held }, note: reason };
    }
    default:
      return undefined;
  }
};

/** Money that went back for a return or for pieces that were never sent, as payment words it: no answer to a cancellation. */
const isPartOf = (reason: string): boolean => reason.startsWith("return ") || reason === "order shortened";

/**
 * The order's checkout waits for it when it was cancelled; otherwise it may be the money of a return. Too early for the return: never, the
 * goods come first, and with them the return. Again: nothing.
 */
const onPaymentRefunded = (deps: Deps): Consumer =>
  defineConsumer({
    name: "order.on-payment-refunded",
    event: PaymentRefundedSchema,
    handle: ({ orderId, refundId, reason }, { id, signal, carryInbox }) =>
      deps.handleCheckoutEvent(
        {
          orderId,
          event: isPartOf(reason) ? { type: "part_refunded" } : { type: "payment_refunded" },
          eventId: id,
          source: topicOf(PaymentRefundedSchema).context,
          once: carryInbox(),
          also: (repositories) => deps.refundReturn(repositories, orderId, { id: refundId, reason }),
        },
        signal,
      ),
  });

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
  onPaymentRefunded(deps),
  answer(deps, ShipmentDispatchedSchema, ({ sellerId }) => ({ type: "shipment_dispatched", sellerId })),
  answer(deps, ShipmentDeliveredSchema, (message) => ({
    type: "shipment_delivered",
    sellerId: message.sellerId,
    ...parcelOf(message),
  })),
  answer(deps, ShipmentFailedSchema, (message) => ({
    type: "shipment_failed",
    cause: enumName(ShipmentFailure, message.failure),
    ...parcelOf(message),
  })),
  answer(deps, FulfillmentStatusChangedSchema, fulfillmentEvent),
];
