import type { ApiConfig, ApiParts, Platform } from "@tandem/chassis";
import { PaymentService } from "@tandem/contracts/payment";
import { newId } from "@tandem/kernel";
import { registerService } from "@tandem/rpc";
import { makeAuthorizePayment, makeCapturePayment, makeRefundPayment, makeVoidPayment } from "../biz/change-payment.ts";
import { makePaymentReader } from "../data/payment-reader.ts";
import { makeSettlementReader } from "../data/settlement-reader.ts";
import { makePaymentUnitOfWork } from "../data/unit-of-work.ts";
import { makePaymentHandlers } from "../service/payment-handlers.ts";

export const composeApi = ({ database, outbox, clock }: Platform<ApiConfig>): ApiParts => {
  const deps = { uow: makePaymentUnitOfWork(database, outbox), clock, newId };
  const handlers = makePaymentHandlers({
    payments: makePaymentReader(database.orm),
    settlements: makeSettlementReader(database.orm),
    authorizePayment: makeAuthorizePayment(deps),
    capturePayment: makeCapturePayment(deps),
    voidPayment: makeVoidPayment(deps),
    refundPayment: makeRefundPayment(deps),
  });
  return { services: [registerService(PaymentService, handlers)] };
};
