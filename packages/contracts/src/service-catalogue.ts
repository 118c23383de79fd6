import type { DescService } from "@bufbuild/protobuf";
import { AuthService, UserService } from "./auth.ts";
import { CatalogService } from "./catalog.ts";
import {
  AuditService,
  FileService,
  PlatformOperationsService,
  TaskService,
  TimelineService,
} from "./common-operations.ts";
import { CustomerService } from "./customer.ts";
import { FulfillmentService } from "./fulfillment.ts";
import { NotificationService } from "./notification.ts";
import { CartService, CheckoutService, OrderService } from "./order.ts";
import { PaymentService } from "./payment.ts";
import { PricingService } from "./pricing.ts";
import { SearchService } from "./search.ts";
import { ShippingService } from "./shipping.ts";
import { type Topic, topicCatalogue } from "./topic-catalogue.ts";
import { WarehouseService } from "./warehouse.ts";

export type ContextName =
  | "order"
  | "payment"
  | "catalog"
  | "warehouse"
  | "fulfillment"
  | "shipping"
  | "notification"
  | "customer"
  | "search"
  | "pricing"
  | "common-operations"
  | "auth";

/** One bounded context: the names that the CLI, the embedded host, dapr.yaml and the charts go by. */
export interface ServiceEntry {
  readonly context: ContextName;
  /** The NN of its ports, 1 to 80. */
  readonly number: number;
  readonly apiAppId: string;
  readonly workerAppId: string;
  readonly database: string;
  readonly databaseUser: string;
  /** What its API answers, besides the operations services that every context has. */
  readonly services: readonly DescService[];
  /** The contexts that it calls. Events are not listed: those it consumes, its worker knows. */
  readonly dependsOn: readonly ContextName[];
}

type Facts = Pick<ServiceEntry, "number" | "services"> & Partial<Pick<ServiceEntry, "dependsOn">>;

const identifier = (context: ContextName): string => context.replaceAll("-", "_");

const toEntry = (context: ContextName, { number, services, dependsOn = [] }: Facts): ServiceEntry =>
  Object.freeze({
    context,
    number,
    apiAppId: context,
    workerAppId: `${context}-worker`,
    database: `${identifier(context)}_db`,
    databaseUser: `${identifier(context)}_svc`,
    services,
    dependsOn,
  });

/** Every context, by number. */
export const serviceCatalogue: readonly ServiceEntry[] = Object.freeze([
  toEntry("order", {
    number: 1,
    services: [OrderService, CartService, CheckoutService],
    dependsOn: ["pricing", "payment"],
  }),
  toEntry("payment", { number: 2, services: [PaymentService] }),
  toEntry("catalog", { number: 3, services: [CatalogService] }),
  toEntry("warehouse", { number: 4, services: [WarehouseService] }),
  toEntry("fulfillment", { number: 5, services: [FulfillmentService] }),
  toEntry("shipping", { number: 6, services: [ShippingService] }),
  toEntry("notification", { number: 7, services: [NotificationService], dependsOn: ["auth"] }),
  toEntry("customer", { number: 8, services: [CustomerService] }),
  toEntry("search", { number: 9, services: [SearchService] }),
  toEntry("pricing", { number: 10, services: [PricingService] }),
  toEntry("common-operations", {
    number: 11,
    services: [TimelineService, TaskService, FileService, AuditService, PlatformOperationsService],
    dependsOn: ["catalog", "pricing", "order"],
  }),
  toEntry("auth", { number: 12, services: [AuthService, UserService] }),
]);

/** The one door. No context: it has no worker, no database, no topics, and its services are those of all contexts. */
export interface GatewayEntry {
  readonly context: "gateway";
  readonly number: number;
  readonly apiAppId: string;
}

export const gatewayEntry: GatewayEntry = Object.freeze({ context: "gateway", number: 80, apiAppId: "gateway" });

/** @throws TypeError for a name that is no context */
export const serviceOf = (context: string): ServiceEntry => {
  const entry = serviceCatalogue.find((candidate) => candidate.context === context);
  if (!entry) throw new TypeError(`there is no context ${context}`);
  return entry;
};

/** Every context has people who do things with it, and says so. */
const everybodys: readonly string[] = ["audit.recorded"];

/** The topics that the context's two binaries may publish to. */
export const topicsPublishedBy = (entry: ServiceEntry): readonly Topic[] =>
  topicCatalogue.filter(({ name, context }) => context === entry.context || everybodys.includes(name));
