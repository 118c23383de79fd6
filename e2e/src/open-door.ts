import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { type TokenSource, withToken } from "@tandem/cli/clients";
import type { ContextName } from "@tandem/contracts";
import { CatalogService } from "@tandem/contracts/catalog";
import { JobService } from "@tandem/contracts/common";
import { CartService, OrderService } from "@tandem/contracts/order";
import { PricingService } from "@tandem/contracts/pricing";
import { SearchService } from "@tandem/contracts/search";
import { WarehouseService } from "@tandem/contracts/warehouse";

export interface Door {
  readonly catalog: Client<typeof CatalogService>;
  readonly pricing: Client<typeof PricingService>;
  readonly warehouse: Client<typeof WarehouseService>;
  readonly orders: Client<typeof OrderService>;
  readonly carts: Client<typeof CartService>;
  readonly search: Client<typeof SearchService>;
  /** The jobs of one context, for operators. */
  jobsOf(context: ContextName): Client<typeof JobService>;
  /** Any other service, by Connect. */
  client<S extends DescService>(service: S): Client<S>;
  /** REST, as a program without our code would speak it. */
  rest(method: string, path: string, body?: unknown): Promise<RestAnswer>;
}

export interface RestAnswer {
  readonly status: number;
  /** What the envelope's `data` is, or the whole body of a refusal. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Every context by the one address that everybody has: what the flows prove, they prove of the gateway and both sidecars as well. */
export const openDoor = (url: string, token?: TokenSource): Door => {
  const transportTo = (baseUrl: string): Transport =>
    createConnectTransport({
      baseUrl,
      httpVersion: "1.1",
      defaultTimeoutMs: 20_000,
      interceptors: token ? [withToken(token)] : [],
    });
  const transport = transportTo(url);
  const client = <S extends DescService>(service: S): Client<S> => createClient(service, transport);
  return {
    catalog: client(CatalogService),
    pricing: client(PricingService),
    warehouse: client(WarehouseService),
    orders: client(OrderService),
    carts: client(CartService),
    search: client(SearchService),
    jobsOf: (context) => createClient(JobService, transportTo(`${url}/ops/${context}`)),
    client,
    rest: async (method, path, body) => {
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: {
          ...(token ? { authorization: `Bearer ${await token()}` } : {}),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(20_000),
      });
      const envelope = (await answer.json()) as Record<string, unknown> & { data?: Record<string, unknown> };
      return { status: answer.status, body: answer.ok ? (envelope.data ?? {}) : envelope };
    },
  };
};
