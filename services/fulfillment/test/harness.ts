import { newId } from "@tandem/kernel";
import { startTestService, type TestService } from "@tandem/testkit/service";
import { fulfillmentApiConfig, fulfillmentWorkerConfig } from "../src/config/config.ts";
import { migrations } from "../src/migrate.ts";
import { composeApi } from "../src/server/compose-api.ts";
import { composeWorker } from "../src/worker/compose-worker.ts";

export type Harness = TestService;

export const startHarness = (
  env: Readonly<Record<string, string>> = {},
  options: { readonly startWorkers?: boolean } = {},
): Promise<TestService> =>
  startTestService({
    context: "fulfillment",
    migrations,
    api: { config: fulfillmentApiConfig, compose: composeApi },
    worker: { config: fulfillmentWorkerConfig, compose: composeWorker },
    env,
    ...options,
  });

export interface Piece {
  readonly sellerId: string;
  readonly quantity?: number;
  readonly sku?: string;
  readonly productId?: string;
}

/** An order event's content; what a test says goes over it. */
export const orderEvent = (pieces: readonly Piece[], over: { orderId?: string; version?: bigint } = {}) => {
  const orderId = over.orderId ?? newId();
  return {
    orderId,
    aggregateVersion: over.version ?? 3n,
    occurredAt: { seconds: 1_763_719_200n },
    order: {
      orderId,
      customerId: newId(),
      currencyCode: "EUR",
      shippingAddress: {
        recipient: "Ada Park",
        line1: "Lindenstrasse 12",
        postalCode: "10969",
        city: "Berlin",
        countryCode: "DE",
      },
      lines: pieces.map(({ sellerId, quantity = 2, sku = "MUG", productId = newId() }) => ({
        lineId: newId(),
        productId,
        sellerId,
        sku,
        name: "Mug",
        quantity,
      })),
    },
  };
};

export interface StoredFulfillment {
  readonly id: string;
  readonly orderId: string;
  readonly sellerId: string;
  readonly status: string;
  readonly part: number;
  readonly moreParts: boolean;
  readonly shipmentId: string | null;
  readonly version: string;
  readonly lines: readonly {
    readonly productId: string;
    readonly quantity: number;
    readonly picked: number;
    readonly short: number;
  }[];
}

export const fulfillmentsOf = async ({ database }: Harness, orderId: string): Promise<readonly StoredFulfillment[]> => {
  const { rows } = await database.query<StoredFulfillment & Record<string, unknown>>(
    `select id, order_id as "orderId", seller_id as "sellerId", status, part, more_parts as "moreParts",
       shipment_id as "shipmentId", version::text, lines
     from fulfillment where order_id = $1 order by seller_id, part`,
    [orderId],
  );
  return rows;
};
