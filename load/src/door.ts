import { Agent } from "node:http";
import type { DescService } from "@bufbuild/protobuf";
import { type CallOptions, type Client, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { findPlatform as find, type Platform, type PlatformFlags } from "@tandem/cli/platform";
import { UserService } from "@tandem/contracts/auth";
import { CatalogService } from "@tandem/contracts/catalog";
import { CartService, OrderService } from "@tandem/contracts/order";
import { PricingService } from "@tandem/contracts/pricing";
import { SearchService } from "@tandem/contracts/search";
import { WarehouseService } from "@tandem/contracts/warehouse";

/** Clients of everything, by the one address that everybody has. */
export interface Door {
  readonly url: string;
  readonly users: Client<typeof UserService>;
  readonly catalog: Client<typeof CatalogService>;
  readonly carts: Client<typeof CartService>;
  readonly orders: Client<typeof OrderService>;
  readonly pricing: Client<typeof PricingService>;
  readonly search: Client<typeof SearchService>;
  readonly warehouse: Client<typeof WarehouseService>;
}

export const openDoor = (url: string, timeoutMs = 10_000): Door => {
  const transport = createConnectTransport({
    baseUrl: url,
    httpVersion: "1.1",
    defaultTimeoutMs: timeoutMs,
    // Without a bound: waiting for a connection here would hide how long the platform takes.
    nodeOptions: { agent: new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, scheduling: "lifo" }) },
  });
  const open = <S extends DescService>(service: S): Client<S> => createClient(service, transport);
  return {
    url,
    users: open(UserService),
    catalog: open(CatalogService),
    carts: open(CartService),
    orders: open(OrderService),
    pricing: open(PricingService),
    search: open(SearchService),
    warehouse: open(WarehouseService),
  };
};

/** @param idempotencyKey the call runs once per key */
export const bearer = (token: string, idempotencyKey?: string): CallOptions => ({
  headers: {
    authorization: `Bearer ${token}`,
    ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
  },
});

export interface OpenPlatform {
  /** Its people log in through the gateway as well. */
  readonly running: Platform;
  readonly door: Door;
}

/** @throws Error that says how to start a platform */
export const findPlatform = async (flags: PlatformFlags, timeoutMs?: number): Promise<OpenPlatform> => {
  const running = await find(flags);
  return { running, door: openDoor(running.gatewayUrl, timeoutMs) };
};
