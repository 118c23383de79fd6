import { createOperationQueue, type OperationQueue } from "@tandem/operations";
import type { Database } from "@tandem/postgres";
import type { HeldOperation } from "../biz/ports.ts";
import { selectShipment, shipmentFromSql } from "./shipment-row.ts";

/** A claim brings the whole shipment along: no call and no commit has to look for it. */
export const makeOperationQueue = (database: Pick<Database, "query">): OperationQueue<HeldOperation> => {
  const queue = createOperationQueue<Record<string, unknown>>({
    database,
    owner: { table: "shipment", key: "shipment_id" },
    columns: selectShipment("p", "its "),
  });
  return {
    ...queue,
    async claim(limit, leaseMs) {
      const claimed = await queue.claim(limit, leaseMs);
      return claimed.map((row) => {
        const { id, ownerId, kind, token, attempt, uncertain, createdAt, traceparent } = row;
        const shipment = shipmentFromSql(row, "its ");
        return { id, ownerId, kind, token, attempt, uncertain, createdAt, traceparent, shipment };
      });
    },
  };
};
