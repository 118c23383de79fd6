import type { ApiParts, Platform } from "@tandem/chassis";
import { PaymentService } from "@tandem/contracts/payment";
import { newId } from "@tandem/kernel";
import { isSignedWebhook } from "@tandem/operations";
import { registerService } from "@tandem/rpc";
import type { z } from "zod";
import { makeAuthorizePayment, makeCapturePayment, makeRefundPayment, makeVoidPayment } from "../biz/change-payment.ts";
import { makeImportSettlementFile } from "../biz/import-settlement-file.ts";
import { makeReceiveWebhook } from "../biz/receive-webhook.ts";
import { readSettlementFile, sha256 } from "../client/read-settlement-file.ts";
import { readWebhook } from "../client/read-webhook.ts";
import type { paymentApiConfig } from "../config/config.ts";
import { makePaymentReader } from "../data/payment-reader.ts";
import { makeRefundReader } from "../data/refund-reader.ts";
import { makeSettlementFileReader } from "../data/settlement-file-repository.ts";
import { makeSettlementReader } from "../data/settlement-reader.ts";
import { makePaymentUnitOfWork } from "../data/unit-of-work.ts";
import { makeWebhookInbox } from "../data/webhook-inbox.ts";
import { makePaymentHandlers } from "../service/payment-handlers.ts";

/** Names the simulated provider in the webhook's path. */
const PROVIDER = "simulated";

export const composeApi = ({
  database,
  outbox,
  clock,
  config,
  log,
}: Platform<z.output<typeof paymentApiConfig>>): ApiParts => {
  const secret = config.PROVIDER_WEBHOOK_SECRET;
  const deps = { uow: makePaymentUnitOfWork(database, outbox), clock, newId };
  const handlers = makePaymentHandlers({
    payments: makePaymentReader(database.orm),
    refunds: makeRefundReader(database),
    settlements: makeSettlementReader(database.orm),
    settlementFiles: makeSettlementFileReader(database.orm),
    importSettlementFile: makeImportSettlementFile({ ...deps, read: readSettlementFile, checksumOf: sha256 }),
    settlementProvider: PROVIDER,
    authorizePayment: makeAuthorizePayment(deps),
    capturePayment: makeCapturePayment(deps),
    voidPayment: makeVoidPayment(deps),
    refundPayment: makeRefundPayment(deps),
    receiveWebhook: makeReceiveWebhook({
      inbox: makeWebhookInbox(database),
      clock,
      secrets: new Map(secret ? [[PROVIDER, secret]] : []),
      isSigned: isSignedWebhook,
      read: readWebhook,
      onPostponed: (err) => log.warn({ err }, "stored webhooks are worked on by the job"),
    }),
  });
  return { services: [registerService(PaymentService, handlers)] };
};
