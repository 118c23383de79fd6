import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { CustomerService } from "@tandem/contracts/customer";
import { NotificationService } from "@tandem/contracts/notification";
import { CartService, OrderService } from "@tandem/contracts/order";
import { SearchService } from "@tandem/contracts/search";
import { ShippingService } from "@tandem/contracts/shipping";
import { type TokenSource, withToken } from "../platform-clients.ts";

/** What a shop's app talks to: one address, one token. */
export const openDoor = (url: string, token: TokenSource, callTimeoutMs = 10_000) => {
  const transport = createConnectTransport({
    baseUrl: url,
    httpVersion: "1.1",
    defaultTimeoutMs: callTimeoutMs,
    interceptors: [withToken(token)],
  });
  const open = <S extends DescService>(service: S): Client<S> => createClient(service, transport);
  return {
    url,
    customers: open(CustomerService),
    search: open(SearchService),
    carts: open(CartService),
    orders: open(OrderService),
    notifications: open(NotificationService),
    shipping: open(ShippingService),
  };
};

export type DoorClients = ReturnType<typeof openDoor>;
