import { PaymentFailedSchema, PaymentOperation, PaymentRefundedSchema } from "@tandem/contracts/payment";
import {
  ShipmentDeliveredSchema,
  ShipmentDispatchedSchema,
  ShipmentFailedSchema,
  ShipmentFailure,
} from "@tandem/contracts/shipping";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeNotifyOfOrder } from "../../biz/follow-order.ts";
import { idFrom, moneyValue, orderValues, timeValue } from "../../events/from-proto.ts";
import type { Values } from "../../model/template.ts";
import { templateNamed } from "../../model/templates/template-catalogue.ts";

export interface OrderMatterConsumersDeps {
  readonly notifyOfOrder: ReturnType<typeof makeNotifyOfOrder>;
}

const request = (name: string, causeEventId: string, subject: string, wanted: string, variables: Values) => {
  const orderId = idFrom(subject, "order_id", wanted);
  return { causeEventId, template: templateNamed(name), orderId, variables: { ...orderValues(orderId), ...variables } };
};

const linesOf = (lines: readonly { readonly productId: string; readonly quantity: number }[]) =>
  lines.map(({ productId, quantity }) => ({ productId, quantity }));

// These events name an order and nobody: before we know whose it is, the message waits for the order's first event; again, nothing more.

/** Tells that a card was refused. A capture, void or refund that failed is the staff's matter, not the customer's. */
export const onPaymentFailed = ({ notifyOfOrder }: OrderMatterConsumersDeps): Consumer =>
  defineConsumer({
    name: "notification.on-payment-failed",
    event: PaymentFailedSchema,
    handle: async ({ paymentId, orderId, amount, operation }, { id, signal, carryInbox, ignore }) => {
      if (operation !== PaymentOperation.AUTHORIZE) return ignore();
      const subject = `payment ${paymentId}`;
      await notifyOfOrder(request("payment.failed", id, subject, orderId, { amount: moneyValue(subject, amount) }), {
        signal,
        once: carryInbox(),
      });
    },
  });

/** Tells that money is on its way back. Nothing was taken, nothing is told: a refund of zero closes a payment. */
export const onPaymentRefunded = ({ notifyOfOrder }: OrderMatterConsumersDeps): Consumer =>
  defineConsumer({
    name: "notification.on-payment-refunded",
    event: PaymentRefundedSchema,
    handle: async ({ paymentId, orderId, amount }, { id, signal, carryInbox, ignore }) => {
      if (amount?.amountMinor === 0n) return ignore();
      const subject = `payment ${paymentId}`;
      await notifyOfOrder(request("payment.refunded", id, subject, orderId, { amount: moneyValue(subject, amount) }), {
        signal,
        once: carryInbox(),
      });
    },
  });

export const onShipmentDispatched = ({ notifyOfOrder }: OrderMatterConsumersDeps): Consumer =>
  defineConsumer({
    name: "notification.on-shipment-dispatched",
    event: ShipmentDispatchedSchema,
    handle: ({ shipmentId, orderId, carrier, trackingNumber, lines }, { id, signal, carryInbox }) => {
      const variables = { carrier, trackingNumber, lines: linesOf(lines) };
      return notifyOfOrder(request("shipment.dispatched", id, `shipment ${shipmentId}`, orderId, variables), {
        signal,
        once: carryInbox(),
      });
    },
  });

export const onShipmentDelivered = ({ notifyOfOrder }: OrderMatterConsumersDeps): Consumer =>
  defineConsumer({
    name: "notification.on-shipment-delivered",
    event: ShipmentDeliveredSchema,
    handle: ({ shipmentId, orderId, occurredAt, lines }, { id, signal, carryInbox }) => {
      const subject = `shipment ${shipmentId}`;
      const variables = { deliveredAt: timeValue(subject, occurredAt), lines: linesOf(lines) };
      return notifyOfOrder(request("shipment.delivered", id, subject, orderId, variables), {
        signal,
        once: carryInbox(),
      });
    },
  });

export const onShipmentFailed = ({ notifyOfOrder }: OrderMatterConsumersDeps): Consumer =>
  defineConsumer({
    name: "notification.on-shipment-failed",
    event: ShipmentFailedSchema,
    handle: ({ shipmentId, orderId, failure }, { id, signal, carryInbox }) => {
      const variables = { lost: failure === ShipmentFailure.LOST ? "yes" : "" };
      return notifyOfOrder(request("shipment.failed", id, `shipment ${shipmentId}`, orderId, variables), {
        signal,
        once: carryInbox(),
      });
    },
  });
