import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { ACT_FOR_ANY_CUSTOMER, mayActFor } from "@tandem/auth";
import { enumName } from "@tandem/contracts";
import { moneyFromProto } from "@tandem/contracts/common";
import {
  type PaymentService,
  SettlementFileStatus as ProtoFileStatus,
  PaymentStatus as ProtoPaymentStatus,
} from "@tandem/contracts/payment";
import { isId } from "@tandem/kernel";
import { callOf, readPage, summaryOf, toErrorInfo, writePage } from "@tandem/rpc";
import type {
  makeAuthorizePayment,
  makeCapturePayment,
  makeRefundPayment,
  makeVoidPayment,
} from "../biz/change-payment.ts";
import type { makeImportSettlementFile } from "../biz/import-settlement-file.ts";
import type { PaymentReader, RefundReader, SettlementFileReader, SettlementReader } from "../biz/ports.ts";
import type { makeReceiveWebhook } from "../biz/receive-webhook.ts";
import { paymentToProto, settlementFileToProto, settlementToProto } from "../events/to-proto.ts";
import { paymentNotFound, providerUnknown } from "../model/errors.ts";
import type { Payment, PaymentStatus } from "../model/payment.ts";
import type { SettlementFile } from "../model/settlement-file.ts";

export interface PaymentHandlersDeps {
  readonly payments: PaymentReader;
  readonly refunds: RefundReader;
  readonly settlements: SettlementReader;
  readonly authorizePayment: ReturnType<typeof makeAuthorizePayment>;
  readonly capturePayment: ReturnType<typeof makeCapturePayment>;
  readonly voidPayment: ReturnType<typeof makeVoidPayment>;
  readonly refundPayment: ReturnType<typeof makeRefundPayment>;
  readonly settlementFiles: SettlementFileReader;
  readonly importSettlementFile: ReturnType<typeof makeImportSettlementFile>;
  /** Whose files are taken. */
  readonly settlementProvider: string;
  readonly receiveWebhook: ReturnType<typeof makeReceiveWebhook>;
}

/** Another customer's payment and no payment look the same. */
const mayRead = (payment: Payment, context: HandlerContext) => mayActFor(callOf(context).principal, payment.customerId);

/** Whose payments a customer's token without a customer sees: nobody's. */
const NOBODY = "00000000-0000-0000-0000-000000000000";

export const makePaymentHandlers = (deps: PaymentHandlersDeps): ServiceImpl<typeof PaymentService> => {
  const showAll = async (payments: readonly Payment[]) => {
    const refunds = await deps.refunds.mapByPaymentIds(
      payments.filter(({ captured }) => captured.minor > 0n).map(({ id }) => id),
    );
    return payments.map((payment) => paymentToProto(payment, refunds.get(payment.id) ?? []));
  };
  const show = async (payment: Payment) => ({ payment: (await showAll([payment]))[0] });
  return {
    getPayment: async ({ paymentId }, context) => {
      const payment = await deps.payments.getById(paymentId);
      if (!mayRead(payment, context)) throw paymentNotFound(paymentId);
      return show(payment);
    },

    listPayments: async ({ page, orderId, customerId, status }, context) => {
      const { principal } = callOf(context);
      const own = principal.customerId ?? "";
      const staff = principal.permissions.has(ACT_FOR_ANY_CUSTOMER);
      const found = await deps.payments.listByCriteria(
        {
          orderId: orderId || undefined,
          // A customer's list is their own, whoever they name.
          customerId: staff ? customerId || undefined : isId(own) ? own : NOBODY,
          status:
            status === ProtoPaymentStatus.UNSPECIFIED
              ? undefined
              : (enumName(ProtoPaymentStatus, status) as PaymentStatus),
        },
        readPage(page),
      );
      return { payments: await showAll(found.items), page: writePage(found) };
    },

    batchGetPayments: async ({ paymentIds }, context) => {
      const readable = (await deps.payments.listByIds(paymentIds)).filter((payment) => mayRead(payment, context));
      const found = new Map((await showAll(readable)).map((payment) => [payment.paymentId, payment]));
      const results = paymentIds.map((paymentId) => {
        const value = found.get(paymentId.toLowerCase());
        return value
          ? { paymentId, outcome: { case: "payment" as const, value } }
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
      return show(payment);
    },

    capturePayment: async ({ paymentId, amount }, { signal }) =>
      show(await deps.capturePayment(paymentId, amount && moneyFromProto(amount), signal)),

    voidPayment: async ({ paymentId, reason }, { signal }) => show(await deps.voidPayment(paymentId, reason, signal)),

    refundPayment: async ({ paymentId, amount, reason }, { signal }) =>
      show(await deps.refundPayment(paymentId, amount && moneyFromProto(amount), reason, signal)),

    receiveProviderWebhook: async ({ provider, payload }, { requestHeader }) => {
      const signature = requestHeader.get("webhook-signature") ?? "";
      await deps.receiveWebhook({ provider, signature, body: payload?.data ?? new Uint8Array() });
      return {};
    },

    importSettlementFile: async ({ provider, day, content }, { signal }) => {
      if (provider !== deps.settlementProvider) throw providerUnknown(provider);
      return { file: settlementFileToProto(await deps.importSettlementFile({ provider, day, content }, signal)) };
    },

    listSettlementFiles: async ({ page, status }) => {
      const wanted =
        status === ProtoFileStatus.UNSPECIFIED
          ? undefined
          : (enumName(ProtoFileStatus, status) as SettlementFile["status"]);
      const found = await deps.settlementFiles.listByStatus(wanted, readPage(page));
      return { files: found.items.map(settlementFileToProto), page: writePage(found) };
    },

    getSettlementFile: async ({ fileId }) => ({
      file: settlementFileToProto(await deps.settlementFiles.getById(fileId)),
    }),

    listSettlements: async ({ page, currencyCode }) => {
      const found = await deps.settlements.listByCurrency(currencyCode || undefined, readPage(page));
      return { settlements: found.items.map(settlementToProto), page: writePage(found) };
    },

    getSettlement: async ({ settlementId }) => ({
      settlement: settlementToProto(await deps.settlements.getById(settlementId)),
    }),
  };
};
