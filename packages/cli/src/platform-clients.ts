import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { type ContextName, localPorts, serviceOf } from "@tandem/contracts";
import { CatalogService } from "@tandem/contracts/catalog";
import { CartService, OrderService } from "@tandem/contracts/order";
import { PaymentService } from "@tandem/contracts/payment";
import { PricingService } from "@tandem/contracts/pricing";
import { WarehouseService } from "@tandem/contracts/warehouse";

export type TokenSource = () => Promise<string>;

export const apiUrl = (context: ContextName, offset: number): string =>
  `http://127.0.0.1:${localPorts(serviceOf(context), offset).api.http}`;

export const withToken =
  (token: TokenSource): Interceptor =>
  (next) =>
  async (request) => {
    request.header.set("authorization", `Bearer ${await token()}`);
    return next(request);
  };

/** Clients of the public API, as a user's program would make them: of each context at its own port. */
export const openClients = (offset: number, token: TokenSource) =>
  openClientsAt((context) => apiUrl(context, offset), token);

/** @param urlOf where a context's API is: the gateway's address for all of them, or its own */
export const openClientsAt = (urlOf: (context: ContextName) => string, token: TokenSource, callTimeoutMs = 10_000) => {
  const open = <S extends DescService>(service: S, context: ContextName): Client<S> =>
    createClient(
      service,
      createConnectTransport({
        baseUrl: urlOf(context),
        httpVersion: "1.1",
        defaultTimeoutMs: callTimeoutMs,
        interceptors: [withToken(token)],
      }),
    );
  return {
    catalog: open(CatalogService, "catalog"),
    pricing: open(PricingService, "pricing"),
    warehouse: open(WarehouseService, "warehouse"),
    payment: open(PaymentService, "payment"),
    orders: open(OrderService, "order"),
    carts: open(CartService, "order"),
  };
};

export type PlatformClients = ReturnType<typeof openClients>;
