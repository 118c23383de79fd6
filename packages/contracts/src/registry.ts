import { createRegistry, type DescFile, type Registry } from "@bufbuild/protobuf";
import * as auth from "./auth.ts";
import * as catalog from "./catalog.ts";
import * as common from "./common.ts";
import * as commonOperations from "./common-operations.ts";
import * as customer from "./customer.ts";
import * as fulfillment from "./fulfillment.ts";
import * as gateway from "./gateway.ts";
import * as notification from "./notification.ts";
import * as order from "./order.ts";
import * as payment from "./payment.ts";
import * as pricing from "./pricing.ts";
import * as search from "./search.ts";
import * as shipping from "./shipping.ts";
import * as warehouse from "./warehouse.ts";

const isFile = (value: unknown): value is DescFile =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === "file";

/** The proto files of every context and of `common`, by name. */
export const files: readonly DescFile[] = [
  common,
  order,
  payment,
  catalog,
  warehouse,
  fulfillment,
  shipping,
  notification,
  customer,
  search,
  pricing,
  commonOperations,
  auth,
  gateway,
]
  .flatMap((module) => Object.values<unknown>(module).filter(isFile))
  .sort((a, b) => (a.name < b.name ? -1 : 1));

const withImports = (roots: readonly DescFile[]): DescFile[] => {
  const found = new Map<string, DescFile>();
  const visit = (file: DescFile): void => {
    if (found.has(file.name)) return;
    found.set(file.name, file);
    file.dependencies.forEach(visit);
  };
  roots.forEach(visit);
  return [...found.values()];
};

/** Every message, enum, service and option of the platform and of what it imports: for reflection, JSON of any message, generic tools. */
export const registry: Registry = createRegistry(...withImports(files));

/** The context of a proto file by its package: `order` of `tandem.order.v1`, `common-operations` of `tandem.common_operations.v1`. */
export const contextOf = (file: DescFile): string => (file.proto.package.split(".")[1] ?? "").replaceAll("_", "-");
