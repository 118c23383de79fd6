import type { ApiParts, Platform } from "@tandem/chassis";
import { ShippingService } from "@tandem/contracts/shipping";
import { newId } from "@tandem/kernel";
import { isSignedWebhook } from "@tandem/operations";
import { registerService } from "@tandem/rpc";
import type { z } from "zod";
import { makeCancelShipment, makeCreateShipment, makeRequestPickup } from "../biz/change-shipment.ts";
import { makeGetLabel } from "../biz/get-label.ts";
import { makeQuoteRates } from "../biz/quote-rates.ts";
import { makeReceiveWebhook } from "../biz/receive-webhook.ts";
import { guardCarrier } from "../client/guarded-carrier.ts";
import { createLabelPrinter } from "../client/print-label.ts";
import { carrierCodes, createSimulatedCarriers } from "../client/simulated-carriers.ts";
import type { shippingApiConfig } from "../config/config.ts";
import { makeLabelStore } from "../data/label-store.ts";
import { makeShipmentReader } from "../data/shipment-reader.ts";
import { makeTrackingQueue } from "../data/tracking-queue.ts";
import { makeShippingUnitOfWork } from "../data/unit-of-work.ts";
import { makeShippingHandlers } from "../service/shipping-handlers.ts";

export const composeApi = (platform: Platform<z.output<typeof shippingApiConfig>>): ApiParts => {
  const { database, outbox, clock, config, log, metrics } = platform;
  const deps = {
    uow: makeShippingUnitOfWork(database, outbox),
    clock,
    newId,
    trackingIntervalMs: config.TRACKING_INTERVAL_MS,
  };
  const carriers = createSimulatedCarriers({
    database,
    callMs: config.CARRIER_CALL_MS,
    transitMs: config.CARRIER_TRANSIT_MS,
  }).map((carrier) => guardCarrier(carrier, { timeoutMs: config.CARRIER_TIMEOUT_MS, log, metrics }));
  const secret = config.CARRIER_WEBHOOK_SECRET;
  const warehouses = new Map(Object.entries(config.WAREHOUSES));
  const handlers = makeShippingHandlers({
    shipments: makeShipmentReader(database.orm),
    quoteRates: makeQuoteRates({ carriers }),
    createShipment: makeCreateShipment(deps),
    cancelShipment: makeCancelShipment(deps),
    requestPickup: makeRequestPickup(deps),
    getLabel: makeGetLabel({ labels: makeLabelStore(database), printer: createLabelPrinter() }),
    receiveWebhook: makeReceiveWebhook({
      tracking: makeTrackingQueue(database),
      clock,
      secrets: new Map(secret ? carrierCodes.map((code) => [code, secret]) : []),
      isSigned: isSignedWebhook,
    }),
    addressOf: (code) => warehouses.get(code) ?? config.WAREHOUSES.MAIN,
  });
  return { services: [registerService(ShippingService, handlers)] };
};
