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

const withToken =
  (token: TokenSource): Interceptor =>
  (next) =>
  async (request) => {
    request.header.set("authorization", `Bearer ${await token()}`);
    return next(request);
  };

/** Clients of the public API, as a user's program would make them. */
export const openClients = (offset: number, token: TokenSource) => {
  const open = <S extends DescService>(service: S, context: ContextName): Client<S> =>
    createClient(
      service,
      createConnectTransport({
        baseUrl: apiUrl(context, offset),
        httpVersion: "1.1",
        defaultTimeoutMs: 10_000,
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

/** Asks the development issuer for tokens, and again shortly before one ends. */
export const tokensFrom = (issuerUrl: string, claims: Readonly<Record<string, unknown>>): TokenSource => {
  const ttlSeconds = 900;
  let current: { readonly token: Promise<string>; readonly until: number } | undefined;
  return () => {
    if (current && performance.now() < current.until) return current.token;
    const token = requestToken(issuerUrl, { ...claims, ttlSeconds });
    current = { token, until: performance.now() + (ttlSeconds - 60) * 1000 };
    token.catch(() => {
      current = undefined;
    });
    return token;
  };
};

const requestToken = async (issuerUrl: string, claims: Readonly<Record<string, unknown>>): Promise<string> => {
  const answer = await fetch(`${issuerUrl}/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(claims),
    signal: AbortSignal.timeout(5_000),
  });
  const body = (await answer.json()) as { access_token?: string; message?: string };
  const token = body.access_token;
  if (!answer.ok || !token) throw new Error(`the development issuer gave no token: ${body.message ?? answer.status}`);
  return token;
};
