import type { MessageInitShape } from "@bufbuild/protobuf";
import { FulfillmentStatus, FulfillmentStatusChangedSchema } from "@tandem/contracts/fulfillment";
import { OrderChange, OrderUpdatedSchema } from "@tandem/contracts/order";
import { newId } from "@tandem/kernel";
import { pollUntil } from "@tandem/testkit";
import { startTestService, type TestService } from "@tandem/testkit/service";
import { shippingApiConfig, shippingWorkerConfig } from "../src/config/config.ts";
import { migrations } from "../src/migrate.ts";
import { composeApi } from "../src/server/compose-api.ts";
import { type ComposeWorkerOptions, composeWorker } from "../src/worker/compose-worker.ts";

export interface HarnessOptions extends ComposeWorkerOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Default true. */
  readonly startWorkers?: boolean;
}

export interface Harness extends TestService {
  /** Waits until something was announced about a shipment. */
  until(shipmentId: string, topic: string): Promise<void>;
  /** Waits until the shipment is in the status. */
  untilStatus(shipmentId: string, status: string): Promise<void>;
  shipmentOf(parcel: TestParcel): Promise<StoredShipment | undefined>;
  packed(parcel: TestParcel, id?: string): Promise<string>;
  handedOver(parcel: TestParcel, id?: string): Promise<string>;
  cancelled(parcel: TestParcel, id?: string): Promise<string>;
  returned(parcel: TestParcel, returnId: string): Promise<string>;
  /** A parcel that is ready to be handed over. */
  labelled(over?: Partial<TestParcel>): Promise<{ readonly parcel: TestParcel; readonly shipment: StoredShipment }>;
  bookings(): Promise<readonly Booking[]>;
}

export interface StoredShipment extends Record<string, unknown> {
  readonly id: string;
  readonly status: string;
  readonly carrier: string;
  readonly trackingNumber: string;
  readonly version: string;
}

export interface Booking extends Record<string, unknown> {
  readonly carrier: string;
  readonly trackingNumber: string;
  readonly pickups: number;
  readonly cancelled: boolean;
}

export interface TestParcel {
  readonly fulfillmentId: string;
  readonly orderId: string;
  readonly sellerId: string;
  readonly customerId: string;
  readonly productId: string;
  readonly recipient: string;
  readonly countryCode: string;
  readonly weightGrams: number;
}

export const testParcel = (over: Partial<TestParcel> = {}): TestParcel => ({
  fulfillmentId: newId(),
  orderId: newId(),
  sellerId: newId(),
  customerId: newId(),
  productId: newId(),
  recipient: "Ada Park",
  countryCode: "DE",
  weightGrams: 800,
  ...over,
});

const occurredAt = { seconds: 1_795_000_000n, nanos: 0 };

const addressOf = ({ recipient, countryCode }: TestParcel) => ({
  recipient,
  line1: "Lindenstrasse 12",
  postalCode: "10969",
  city: "Berlin",
  countryCode,
});

export const statusChanged = (
  parcel: TestParcel,
  status: FulfillmentStatus,
  previousStatus: FulfillmentStatus,
): MessageInitShape<typeof FulfillmentStatusChangedSchema> => {
  const { fulfillmentId, orderId, sellerId, customerId, productId, weightGrams } = parcel;
  return {
    fulfillmentId,
    aggregateVersion: BigInt(status),
    occurredAt,
    orderId,
    sellerId,
    status,
    previousStatus,
    reason: status === FulfillmentStatus.CANCELLED ? "customer changed their mind" : "",
    fulfillment: {
      fulfillmentId,
      orderId,
      sellerId,
      customerId,
      warehouseCode: "MAIN",
      status,
      lines: [
        { productId, sku: "MUG", name: "Mug", quantity: 3, picked: 2 },
        { productId: newId(), sku: "CUP", name: "Cup", quantity: 1, picked: 0 },
      ],
      shippingAddress: addressOf(parcel),
      part: 1,
      weightGrams,
    },
  };
};

export const startHarness = async ({
  env = {},
  startWorkers = true,
  ...options
}: HarnessOptions = {}): Promise<Harness> => {
  const service = await startTestService({
    context: "shipping",
    migrations,
    api: { config: shippingApiConfig, compose: composeApi },
    worker: { config: shippingWorkerConfig, compose: (platform) => composeWorker(platform, options) },
    env: {
      CARRIER_CALL_MS: "1",
      CARRIER_TRANSIT_MS: "60",
      CARRIER_TIMEOUT_MS: "400",
      TRACKING_INTERVAL_MS: "20",
      ...env,
    },
    startWorkers,
  });
  const { database } = service;
  const until = async (shipmentId: string, topic: string) => {
    await pollUntil(async () => (await service.topics(shipmentId)).includes(topic) || undefined, {
      timeoutMs: 15_000,
      message: topic,
    });
  };
  const untilStatus = async (shipmentId: string, status: string) => {
    await pollUntil(
      async () => {
        const { rows } = await database.query<{ status: string }>("select status from shipment where id = $1", [
          shipmentId,
        ]);
        return rows[0]?.status === status || undefined;
      },
      { timeoutMs: 15_000, message: status },
    );
  };
  const shipmentOf = async ({ fulfillmentId }: TestParcel) => {
    const { rows } = await database.query<StoredShipment>(
      `select *, tracking_number as "trackingNumber", version::text from shipment where fulfillment_id = $1`,
      [fulfillmentId],
    );
    return rows[0];
  };
  const tell =
    (status: FulfillmentStatus, previous: FulfillmentStatus) =>
    (parcel: TestParcel, id = newId()) =>
      service.deliver(FulfillmentStatusChangedSchema, statusChanged(parcel, status, previous), id);
  const packed = tell(FulfillmentStatus.PACKED, FulfillmentStatus.PICKING);
  return Object.assign(service, {
    until,
    untilStatus,
    shipmentOf,
    packed,
    handedOver: tell(FulfillmentStatus.HANDED_OVER, FulfillmentStatus.PACKED),
    cancelled: tell(FulfillmentStatus.CANCELLED, FulfillmentStatus.PACKED),
    returned: (parcel: TestParcel, returnId: string) =>
      service.deliver(OrderUpdatedSchema, returnRequested(parcel, returnId)),
    async labelled(over: Partial<TestParcel> = {}) {
      const parcel = testParcel(over);
      await packed(parcel);
      const { id } = (await shipmentOf(parcel)) as StoredShipment;
      await untilStatus(id, "LABELLED");
      return { parcel, shipment: (await shipmentOf(parcel)) as StoredShipment };
    },
    async bookings() {
      const { rows } = await database.query<Booking>(
        `select carrier, tracking_number as "trackingNumber", pickups, cancelled_at is not null as cancelled
         from carrier_sim.booking order by booked_at`,
      );
      return rows;
    },
  });
};

export const returnRequested = (parcel: TestParcel, returnId: string): MessageInitShape<typeof OrderUpdatedSchema> => {
  const { orderId, sellerId, customerId, productId } = parcel;
  return {
    orderId,
    aggregateVersion: 9n,
    occurredAt,
    change: OrderChange.RETURN_REQUESTED,
    returnId,
    order: {
      orderId,
      customerId,
      currencyCode: "EUR",
      shippingAddress: addressOf(parcel),
      returns: [{ returnId, sellerId, lines: [{ lineId: newId(), productId, quantity: 1 }] }],
    },
  };
};
