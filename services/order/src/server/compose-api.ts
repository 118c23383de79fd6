import { setTimeout as sleep } from "node:timers/promises";
import type { ApiParts, Platform } from "@tandem/chassis";
import { CartService, CheckoutService, OrderService } from "@tandem/contracts/order";
import { PricingService } from "@tandem/contracts/pricing";
import { newId } from "@tandem/kernel";
import { createRpcClient, direct, registerService, viaSidecar } from "@tandem/rpc";
import type { z } from "zod";
import { makeAwaitOutcome } from "../biz/await-outcome.ts";
import { makeAwaitVersion } from "../biz/await-version.ts";
import { makeCancelOrder } from "../biz/cancel-order.ts";
import { makeDescribeCart } from "../biz/cart-products.ts";
import { makeCheckoutCart } from "../biz/checkout-cart.ts";
import { makeCreateReturn } from "../biz/create-return.ts";
import { makeDeleteCart, makeGetCart, makePutCartItem, makeRemoveCartItem } from "../biz/edit-cart.ts";
import { makePlaceOrder } from "../biz/place-order.ts";
import { makeUpdateOrder } from "../biz/update-order.ts";
import { makePricingClient } from "../client/pricing-client.ts";
import type { orderApiConfig } from "../config/config.ts";
import { makeCartClaims } from "../data/cart-claims.ts";
import { makeCartProductReader } from "../data/cart-products.ts";
import { makeCartStore } from "../data/cart-store.ts";
import { makeDashboardReader } from "../data/dashboard-reader.ts";
import { makeMyOrderReader } from "../data/my-order-reader.ts";
import { openCheckout } from "../data/open-checkout.ts";
import { makeOrderReader } from "../data/order-reader.ts";
import { makeTimelineReader } from "../data/timeline-reader.ts";
import { makeCartHandlers } from "../service/cart-handlers.ts";
import { makeCheckoutHandlers } from "../service/checkout-handlers.ts";
import { makeOrderHandlers } from "../service/order-handlers.ts";

export const composeApi = (platform: Platform<z.output<typeof orderApiConfig>>): ApiParts => {
  const { database, outbox, clock, config, dapr, log, metrics, telemetry, shutdown, serviceTokens } = platform;
  const { engine, uow } = openCheckout({
    database,
    outbox,
    clock,
    log,
    // Sagas begin here: without it nobody would count the started ones.
    metrics,
    tracer: telemetry.tracer,
    timeouts: { reserveMs: config.SAGA_RESERVE_TIMEOUT_MS, authorizeMs: config.SAGA_AUTHORIZE_TIMEOUT_MS },
  });
  const pricing = createRpcClient(PricingService, {
    target: config.PRICING_URL
      ? direct(config.PRICING_URL)
      : viaSidecar(`http://127.0.0.1:${config.DAPR_HTTP_PORT}`, "pricing", config.DAPR_API_TOKEN),
    deadlineMs: config.PRICING_DEADLINE_MS,
    ...(serviceTokens ? { tokenSource: serviceTokens } : {}),
    telemetry,
    metrics,
    log,
  });
  shutdown.on("close-resources", "pricing client", async () => pricing[Symbol.asyncDispose]());

  const orders = makeOrderReader(database);
  const products = makeCartProductReader(database);
  const carts = makeCartStore(dapr.state("statestore"), makeCartClaims(database));
  const placeOrder = makePlaceOrder({
    uow,
    orders,
    pricing: makePricingClient(pricing, newId),
    clock,
    newId,
    reservationTtlMs: config.RESERVATION_TTL_MS,
  });
  const pause = (ms: number) => sleep(ms);
  const awaitOutcome = makeAwaitOutcome({ orders, pause });
  const orderHandlers = makeOrderHandlers({
    orders,
    timelines: makeTimelineReader(database, engine),
    dashboards: makeDashboardReader(database),
    myOrders: makeMyOrderReader(database.orm),
    placeOrder,
    createReturn: makeCreateReturn({ uow, clock, newId }),
    awaitVersion: makeAwaitVersion({ orders, pause }),
    updateOrder: makeUpdateOrder({ uow, clock }),
    cancelOrder: makeCancelOrder({ uow, newId }),
    awaitOutcome,
  });
  const cartHandlers = makeCartHandlers({
    getCart: makeGetCart({ carts, clock }),
    putCartItem: makePutCartItem({ carts, products, clock }),
    removeCartItem: makeRemoveCartItem({ carts, clock }),
    deleteCart: makeDeleteCart({ carts, clock }),
    describeCart: makeDescribeCart({ products }),
    checkoutCart: makeCheckoutCart({
      carts,
      placeOrder,
      clock,
      onCartNotMarked: (cartId, err) => log.warn({ err, cartId }, "the cart of an order could not be marked"),
    }),
    awaitOutcome,
  });
  return {
    services: [
      registerService(OrderService, orderHandlers),
      registerService(CartService, cartHandlers),
      registerService(CheckoutService, makeCheckoutHandlers({ engine })),
    ],
  };
};
