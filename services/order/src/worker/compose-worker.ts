import type { Platform, WorkerParts } from "@tandem/chassis";
import { newId } from "@tandem/kernel";
import type { z } from "zod";
import { makeTrackCartPrices, makeTrackCartProduct } from "../biz/cart-products.ts";
import { makeNoteRefund, makeReceiveReturn } from "../biz/follow-return.ts";
import { makeEraseFinishedOrders, makeForgetCustomer } from "../biz/forget-customer.ts";
import { makeHandleCheckoutEvent } from "../biz/handle-checkout-event.ts";
import {
  makeCleanUpReservations,
  makeConfirmCodOrders,
  makeRepeatCancellations,
  makeRetryCaptures,
} from "../biz/nudge-checkouts.ts";
import type { orderWorkerConfig } from "../config/config.ts";
import { makeCartClaims } from "../data/cart-claims.ts";
import { makeCartProductRepository } from "../data/cart-products.ts";
import { openCheckout } from "../data/open-checkout.ts";
import { makeOrderReader } from "../data/order-reader.ts";
import { checkoutJobs } from "./cron/checkout-jobs.ts";
import { checkoutConsumers } from "./event/checkout-consumers.ts";
import { onCustomerUpdated } from "./event/on-customer-updated.ts";
import { onShipmentReturned } from "./event/on-shipment-returned.ts";
import { productConsumers } from "./event/product-consumers.ts";

/** Fulfillment answers within seconds; after this long it is asked again. */
const CANCELLATION_SILENCE_MS = 60_000;
const KEEP_ENDED_MS = 90 * 24 * 3_600_000;

export const composeWorker = (platform: Platform<z.output<typeof orderWorkerConfig>>): WorkerParts => {
  const { database, outbox, clock, config, log, metrics, telemetry } = platform;
  const { engine, uow } = openCheckout({
    database,
    outbox,
    clock,
    log,
    metrics,
    tracer: telemetry.tracer,
    timeouts: { reserveMs: config.SAGA_RESERVE_TIMEOUT_MS, authorizeMs: config.SAGA_AUTHORIZE_TIMEOUT_MS },
  });
  const nudge = { uow, orders: makeOrderReader(database), clock, newId };
  const returns = { uow, clock };
  const products = { products: makeCartProductRepository(database) };
  return {
    consumers: [
      ...checkoutConsumers({
        handleCheckoutEvent: makeHandleCheckoutEvent({ uow, notes: { add: engine.note } }),
        refundReturn: makeNoteRefund(returns),
      }),
      onShipmentReturned({ receiveReturn: makeReceiveReturn(returns) }),
      onCustomerUpdated({ forgetCustomer: makeForgetCustomer(nudge) }),
      ...productConsumers({
        trackProduct: makeTrackCartProduct(products),
        trackPrices: makeTrackCartPrices(products),
      }),
    ],
    jobs: checkoutJobs({
      cleanUpReservations: makeCleanUpReservations(nudge, config.RESERVATION_GRACE_MS),
      confirmCodOrders: makeConfirmCodOrders(nudge, config.COD_CONFIRM_AFTER_MS),
      retryCaptures: makeRetryCaptures(nudge, config.CAPTURE_RETRY_AFTER_MS),
      repeatCancellations: makeRepeatCancellations(nudge, CANCELLATION_SILENCE_MS),
      eraseFinished: makeEraseFinishedOrders(nudge),
      engine,
      keepEndedMs: KEEP_ENDED_MS,
      pruneCartClaims: makeCartClaims(database).prune,
    }),
    workers: [engine.timers],
  };
};
