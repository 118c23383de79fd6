import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { ACT_FOR_ANY_CUSTOMER, mayActFor } from "@tandem/auth";
import { enumName } from "@tandem/contracts";
import { moneyFromProto } from "@tandem/contracts/common";
import { type PaymentService, PaymentStatus as ProtoPaymentStatus } from "@tandem/contracts/payment";
import { callOf, readPage, summaryOf, toErrorInfo, writePage } from "@tandem/rpc";
import type {
  makeAuthorizePayment,
  makeCapturePayment,
  makeRefundPayment,
  makeVoidPayment,
} from "../biz/change-payment.ts";
import type { PaymentReader, SettlementReader } from "../biz/ports.ts";
import { paymentToProto, settlementToProto } from "../events/to-proto.ts";
import { paymentNotFound } from "../model/errors.ts";
import type { Payment, PaymentStatus } from "../model/payment.ts";

export interface PaymentHandlersDeps {
  readonly payments: PaymentReader;
  readonly settlements: SettlementReader;
  readonly authorizePayment: ReturnType<typeof makeAuthorizePayment>;
  readonly capturePayment: ReturnType<typeof makeCapturePayment>;
  readonly voidPayment: ReturnType<typeof makeVoidPayment>;
  readonly refundPayment: ReturnType<typeof makeRefundPayment>;
}

/** Another customer's payment and no payment look the same. */
const mayRead = (payment: Payment, context: HandlerContext) => mayActFor(callOf(context).principal, payment.customerId);

export const makePaymentHandlers = (
  deps: PaymentHandlersDeps,
): Omit<ServiceImpl<typeof PaymentService>, "receiveProviderWebhook"> => ({
  getPayment: async ({ paymentId }, context) => {
    const payment = await deps.payments.getById(paymentId);
    if (!mayRead(payment, context)) throw paymentNotFound(paymentId);
    return { payment: paymentToProto(payment) };
  },

  listPayments: async ({ page, orderId, customerId, status }, context) => {
    const { principal } = callOf(context);
    const staff = principal.permissions.has(ACT_FOR_ANY_CUSTOMER);
    const found = await deps.payments.listByCriteria(
      {
        orderId: orderId || undefined,
        // A customer's list is their own, whoever they name.
        customerId: staff ? customerId || undefined : (principal.customerId ?? principal.subject),
        status:
          status === ProtoPaymentStatus.UNSPECIFIED
            ? undefined
            : (enumName(ProtoPaymentStatus, status) as PaymentStatus),
      },
      readPage(page),
    );
    return { payments: found.items.map(paymentToProto), page: writePage(found) };
  },

  batchGetPayments: async ({ paymentIds }, context) => {
    const found = new Map((await deps.payments.listByIds(paymentIds)).map((payment) => [payment.id, payment]));
    const results = paymentIds.map((paymentId) => {
      const payment = found.get(paymentId);
      return payment && mayRead(payment, context)
        ? { paymentId, outcome: { case: "payment" as const, value: paymentToProto(payment) } }
        : { paymentId, outcome: { case: "error" as const, value: toErrorInfo(paymentNotFound(paymentId)) } };
    });
    return { results, summary: summaryOf(results.map(({ outcome }) => outcome)) };
  },

  authorizePayment: async ({ orderId, customerId, amount, method }, { signal }) => {
    const card = method?.method.case === "card" ? method.method.value.token : undefined;
    const payment = await deps.authorizePayment(
      {
        orderId,
        customerId,
        amount: moneyFromProto(amount),
        method: card === undefined ? "COD" : "CARD",
        cardToken: card ?? "",
      },
      signal,
    );
    return { payment: paymentToProto(payment) };
  },

  capturePayment: async ({ paymentId, amount }, { signal }) => ({
    payment: paymentToProto(await deps.capturePayment(paymentId, amount && moneyFromProto(amount), signal)),
  }),

  voidPayment: async ({ paymentId, reason }, { signal }) => ({
    payment: paymentToProto(await deps.voidPayment(paymentId, reason, signal)),
  }),

  refundPayment: async ({ paymentId, amount, reason }, { signal }) => ({
    payment: paymentToProto(await deps.refundPayment(paymentId, amount && moneyFromProto(amount), reason, signal)),
  }),

  listSettlements: async ({ page, currencyCode }) => {
    const found = await deps.settlements.listByCurrency(currencyCode || undefined, readPage(page));
    return { settlements: found.items.map(settlementToProto), page: writePage(found) };
  },

  getSettlement: async ({ settlementId }) => ({
    settlement: settlementToProto(await deps.settlements.getById(settlementId)),
  }),
});
