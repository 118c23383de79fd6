import { enumName } from "@tandem/contracts";
import { NotificationStatus } from "@tandem/contracts/notification";
import { ShipmentStatus } from "@tandem/contracts/shipping";
import { amountOf } from "../amount-of.ts";
import type { DoorClients } from "./open-door.ts";
import { patiently } from "./patiently.ts";

const SETTLED: ReadonlySet<NotificationStatus> = new Set([
  NotificationStatus.SENT,
  NotificationStatus.FAILED,
  NotificationStatus.SUPPRESSED,
]);

/** The parcels of an order with their labels, and what its customer was told: both a moment after the order's own end. */
export const showAfterwards = async (
  { shipping, notifications, url }: DoorClients,
  orderId: string,
  write: (line: string) => void,
  patienceMs?: number,
): Promise<void> => {
  const { shipments } = await patiently("the parcels", () => shipping.listShipments({ orderId }), patienceMs);
  for (const { shipmentId, carrier, trackingNumber, status, price } of shipments) {
    const state = enumName(ShipmentStatus, status).toLowerCase();
    const costs = price ? `, ${amountOf(price.amountMinor)}` : "";
    write(`  parcel ${trackingNumber} by ${carrier}${costs}: ${state}, label ${url}/shipments/${shipmentId}/label`);
  }
  const told = await patiently(
    "the customer's mail",
    async () => {
      const { notifications: list } = await notifications.listNotifications({ orderId });
      return list.length > 0 && list.every(({ status }) => SETTLED.has(status)) ? list : undefined;
    },
    patienceMs,
  );
  for (const { subject, status } of told.toReversed()) {
    write(`  told by mail: "${subject}" (${enumName(NotificationStatus, status).toLowerCase()})`);
  }
};
