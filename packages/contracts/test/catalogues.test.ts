import { create, type DescMessage } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import {
  contextOf,
  errorCatalogue,
  files,
  gatewayEntry,
  localPorts,
  registry,
  serviceCatalogue,
  serviceOf,
  sharedPorts,
  topicCatalogue,
  topicNamed,
  topicOf,
  topicsPublishedBy,
} from "../src/index.ts";
import { OrderCreatedSchema, OrderSchema } from "../src/order.ts";
import { StockChangedSchema } from "../src/warehouse.ts";

const repeated = <T>(values: readonly T[]): T[] => values.filter((value, index) => values.indexOf(value) !== index);
const portsOf = (offset: number) =>
  serviceCatalogue.flatMap((entry) => {
    const { api, worker } = localPorts(entry, offset);
    return [
      api.http,
      api.grpc,
      worker.app,
      worker.ops,
      ...Object.values(api.sidecar),
      ...Object.values(worker.sidecar),
    ];
  });

describe("topics", () => {
  // The table of DESIGN section 3, and what building it taught: goods come back, and people's doings are recorded.
  const design = {
    order: [
      "cart.updated",
      "order.cancelled",
      "order.completed",
      "order.confirmed",
      "order.created",
      "order.paid",
      "order.updated",
    ],
    payment: ["payment.authorized", "payment.captured", "payment.failed", "payment.refunded", "payment.settled"],
    catalog: ["category.changed", "product.created", "product.deleted", "product.updated", "seller.changed"],
    warehouse: ["stock.changed", "stock.rejected", "stock.released", "stock.reserved"],
    fulfillment: ["fulfillment.status_changed"],
    shipping: ["shipment.created", "shipment.delivered", "shipment.dispatched", "shipment.failed", "shipment.returned"],
    notification: ["notification.failed", "notification.sent"],
    customer: ["customer.updated"],
    pricing: ["price.changed"],
    "common-operations": ["audit.recorded", "task.completed"],
    auth: ["auth.login_failed", "auth.session_revoked", "auth.user_registered", "auth.verification_requested"],
  };

  it("are those of the design, each with the context that owns it", () => {
    const byContext: Record<string, string[]> = {};
    for (const { context, name } of topicCatalogue) byContext[context] = [...(byContext[context] ?? []), name];
    expect(byContext).toEqual(design);
  });

  it("carry one event each, and no event has two topics", () => {
    expect(repeated(topicCatalogue.map((topic) => topic.name))).toEqual([]);
    expect(repeated(topicCatalogue.map((topic) => topic.type))).toEqual([]);
  });

  it("hold every message of an events file, but for the parts of events", () => {
    const parts = new Set([
      "tandem.customer.v1.CustomerSnapshot",
      "tandem.fulfillment.v1.FulfillmentLine",
      "tandem.fulfillment.v1.FulfillmentSnapshot",
      "tandem.order.v1.ShortenedLine",
      "tandem.shipping.v1.ShipmentLine",
    ]);
    const inEventFiles = files
      .filter((file) => file.name.endsWith("_events"))
      .flatMap((file) => file.messages.map((message) => message.typeName))
      .filter((name) => !parts.has(name));
    expect(topicCatalogue.map((topic) => topic.type).sort()).toEqual(inEventFiles.sort());
  });

  it("name their messages as what has happened: order.created is OrderCreated", () => {
    const dashed = (name: string) => name.replace(/(?<=[a-z])(?=[A-Z])/g, ".").toLowerCase();
    // `auth.user_registered` is UserRegistered: where the aggregate is not the context's namesake, the topic names the context as well.
    const named = topicCatalogue.map(({ schema, name, context }) => {
      const plain = dashed(schema.name);
      return name.startsWith(`${context}.`) && !plain.startsWith(`${context}.`) ? `${context}.${plain}` : plain;
    });
    expect(named).toEqual(topicCatalogue.map(({ name }) => name.replaceAll("_", ".")));
  });

  it("tell the subject and the version of a message", () => {
    const created = create(OrderCreatedSchema, { orderId: "one", aggregateVersion: 3n });
    expect(topicOf(OrderCreatedSchema)).toMatchObject({ name: "order.created", type: "tandem.order.v1.OrderCreated" });
    expect(topicOf(OrderCreatedSchema).aggregateIdOf(created)).toBe("one");
    expect(topicOf(OrderCreatedSchema).aggregateVersionOf(created)).toBe(3n);
    expect(topicOf(StockChangedSchema).aggregateIdOf(create(StockChangedSchema, { productId: "two" }))).toBe("two");
    expect(topicOf(OrderCreatedSchema).aggregateIdOf(create(OrderCreatedSchema))).toBe("");
  });

  it("begin every event alike: id of the aggregate, its version, when it happened", () => {
    const heads = topicCatalogue.map(({ schema }) => schema.fields.slice(0, 3).map((field) => field.name));
    for (const [id, ...rest] of heads) {
      expect(id).toMatch(/_id$/);
      expect(rest).toEqual(["aggregate_version", "occurred_at"]);
    }
  });

  it("are found by name, and not by a message that is no event", () => {
    expect(topicNamed("order.created")?.schema).toBe(OrderCreatedSchema);
    expect(topicNamed("order.exploded")).toBeUndefined();
    expect(() => topicOf(OrderSchema)).toThrow("tandem.order.v1.Order has no option");
  });
});

describe("services", () => {
  it("have names, numbers and ports of their own", () => {
    for (const key of ["context", "number", "apiAppId", "workerAppId", "database", "databaseUser"] as const) {
      expect(repeated(serviceCatalogue.map((entry) => entry[key]))).toEqual([]);
    }
    expect(repeated([...portsOf(0), ...Object.values(sharedPorts)])).toEqual([]);
  });

  it.each([600, 10_000])("run twice side by side with an offset of %d", (offset) => {
    const shared = Object.values(sharedPorts);
    const all = [...portsOf(0), ...shared, ...portsOf(offset), ...shared.map((port) => port + offset)];
    expect(repeated(all)).toEqual([]);
    expect(Math.max(...all)).toBeLessThan(65_536);
  });

  it("have the ports of the design", () => {
    expect(localPorts(serviceOf("pricing"))).toMatchObject({
      api: { http: 8010, grpc: 9010, sidecar: { http: 3510, grpc: 3610 } },
      worker: { app: 5010, ops: 7010, sidecar: { http: 4510, grpc: 4610 } },
    });
  });

  it("publish their own topics, and what their people do", () => {
    const published = serviceCatalogue.flatMap((entry) => topicsPublishedBy(entry)).map((topic) => topic.name);
    const own = published.filter((name) => name !== "audit.recorded"); // what people do, every context publishes
    expect([...own, "audit.recorded"].sort()).toEqual(topicCatalogue.map((topic) => topic.name));
    expect(published.filter((name) => name === "audit.recorded")).toHaveLength(serviceCatalogue.length);
  });

  it("depend on contexts that exist, without a circle", () => {
    const visit = (context: string, path: readonly string[]): void => {
      expect(path).not.toContain(context);
      for (const next of serviceOf(context).dependsOn) visit(next, [...path, context]);
    };
    for (const { context } of serviceCatalogue) visit(context, []);
    expect(() => serviceOf("nobody")).toThrow("there is no context nobody");
  });

  it("are all in the catalogue, except those that every context hosts", () => {
    const listed = serviceCatalogue.flatMap((entry) => entry.services.map((service) => service.typeName));
    const declared = files
      .filter((file) => contextOf(file) !== "common")
      .flatMap((file) => file.services.map((service) => service.typeName));
    expect(listed.sort()).toEqual(declared.sort());
  });
});

describe("errors", () => {
  const entries = Object.values(errorCatalogue);
  const numberOf = (context: string) => {
    if (context === "common") return 0;
    return context === "gateway" ? gatewayEntry.number : serviceOf(context).number;
  };

  it("have one number each", () => {
    expect(repeated(entries.map((entry) => entry.number))).toEqual([]);
  });

  it("are numbered by context: its number times a thousand and up; shared ones from 100, above gRPC's codes", () => {
    for (const { number, context, slug } of entries) {
      expect(Math.floor(number / 1000), slug).toBe(numberOf(context));
      if (context === "common") expect(number, slug).toBeGreaterThanOrEqual(100);
    }
  });

  it("lose no slug to a second declaration", () => {
    const declared = files
      .flatMap((file) => file.enums)
      .filter((candidate) => candidate.name.endsWith("ErrorCode"))
      .flatMap((candidate) => candidate.values.filter((value) => value.number !== 0));
    expect(entries).toHaveLength(declared.length);
  });

  it("have a slug, and a sentence for people", () => {
    for (const { slug, message } of entries) {
      expect(slug).toMatch(/^[a-z][a-z_]*\.[a-z][a-z_]*$/);
      expect(message, slug).toMatch(/^[A-Z].*\.$/);
    }
  });

  it("are found by slug alone: a name that every object has is none", () => {
    expect(errorCatalogue["order.not_found"]).toMatchObject({ number: 1001, kind: "not_found", context: "order" });
    expect(errorCatalogue["constructor"]).toBeUndefined();
  });
});

describe("registry", () => {
  it("knows every message, also those of imported files", () => {
    expect(registry.getMessage("tandem.order.v1.OrderCreated")).toBe(OrderCreatedSchema satisfies DescMessage);
    expect(registry.getMessage("tandem.common.v1.Money")).toBeDefined();
    expect(registry.getMessage("google.protobuf.Timestamp")).toBeDefined();
    expect(registry.getExtension("tandem.common.v1.access")).toBeDefined();
  });
});
