import { type ContextName, serviceCatalogue } from "@tandem/contracts";
import { pollUntil } from "@tandem/testkit";
import type { Databases } from "./databases.ts";
import { describeStandstill } from "./describe-standstill.ts";

const count = async (databases: Databases, context: ContextName | "sidecar", sql: string): Promise<number> =>
  Number((await databases.query(context, `select count(*) as n from ${sql}`))[0]?.["n"]);

/** What is still under way, by name; nothing when all has ended. */
export const listUnfinished = async (databases: Databases, sidecars: "embedded" | "daprd"): Promise<string[]> => {
  const places: [string, ContextName | "sidecar", string][] = [
    ...serviceCatalogue.map(({ context }): [string, ContextName, string] => [
      `${context}: outbox`,
      context,
      "tandem.outbox_claim",
    ]),
    ["sagas", "order", "tandem.saga where status in ('running', 'compensating')"],
    ["parcels", "fulfillment", "fulfillment where status not in ('DELIVERED', 'CANCELLED', 'FAILED')"],
    ["shipments", "shipping", "shipment where status not in ('DELIVERED', 'CANCELLED', 'FAILED')"],
    ["operations at carriers", "shipping", "operation where status = 'OPEN'"],
    ["messages", "notification", "notification where status in ('WAITING', 'PENDING', 'SENDING')"],
    ["operations at the bank", "payment", "operation where status = 'OPEN'"],
    ...(sidecars === "embedded"
      ? ([["deliveries", "sidecar", "sidecar.delivery"]] satisfies [string, "sidecar", string][])
      : []),
  ];
  const counts = await Promise.all(
    places.map(async ([name, context, sql]) => [name, await count(databases, context, sql)] as const),
  );
  return counts.filter(([, n]) => n > 0).map(([name, n]) => `${name} ${n}`);
};

/** Waits until nothing moves any more: outboxes, deliveries, sagas, parcels, provider calls. */
export const drain = async (
  databases: Databases,
  { sidecars = "embedded", timeoutMs = 90_000 }: { sidecars?: "embedded" | "daprd"; timeoutMs?: number } = {},
): Promise<void> => {
  let last: readonly string[] = [];
  try {
    await pollUntil(
      async () => {
        last = await listUnfinished(databases, sidecars);
        return last.length === 0;
      },
      { timeoutMs, intervalMs: 150 },
    );
  } catch (cause) {
    const found = await describeStandstill(databases);
    throw new Error([`not drained after ${timeoutMs} ms: ${last.join(", ")}`, ...found].join("\n"), { cause });
  }
};
