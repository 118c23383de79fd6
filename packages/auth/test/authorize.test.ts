import { accessOf, errorCatalogue, files, gatewayEntry, serviceCatalogue } from "@tandem/contracts";
import { CatalogService } from "@tandem/contracts/catalog";
import { AuditService } from "@tandem/contracts/common-operations";
import { OrderService } from "@tandem/contracts/order";
import { PaymentService } from "@tandem/contracts/payment";
import { PricingService } from "@tandem/contracts/pricing";
import { AppError } from "@tandem/kernel";
import { describe, expect, it } from "vitest";
import {
  ACT_FOR_ANY_CUSTOMER,
  ACT_FOR_ANY_SELLER,
  anonymous,
  assertMayActFor,
  authorize,
  mayActFor,
  mayActForSeller,
  principalOf,
  type Role,
  rolePermissions,
  roles,
  servicePermissions,
  serviceSubjectOf,
  tokenFaults,
} from "../src/index.ts";

const holding = (...held: Role[]) => principalOf({ subject: "s", kind: "user", roles: held });
const service = (appId: string) => principalOf({ subject: serviceSubjectOf(appId), kind: "service" });
const methods = files.flatMap((file) => file.services).flatMap((service) => service.methods);
const codeOf = (work: () => void): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    return (error as AppError).code;
  }
};

describe("who may call a method is what proto says", () => {
  it("lets the holder of the permission through and nobody else", () => {
    expect(codeOf(() => authorize(holding("customer"), OrderService.method.createOrder))).toBeUndefined();
    expect(codeOf(() => authorize(holding("seller"), OrderService.method.createOrder))).toBe("auth.permission_denied");
    expect(codeOf(() => authorize(holding(), OrderService.method.createOrder))).toBe("auth.permission_denied");
    expect(codeOf(() => authorize(anonymous, OrderService.method.createOrder))).toBe("auth.token_missing");
  });

  it("lets everyone call a public method", () => {
    const open = methods.filter((method) => accessOf(method)?.kind === "public");
    expect(open.length).toBeGreaterThan(0);
    for (const method of open) expect(codeOf(() => authorize(anonymous, method))).toBeUndefined();
  });

  it("lets nobody call a method that declares no access, an operator neither", () => {
    // The same descriptor without its options: what a forgotten annotation looks like.
    const { options: _forgotten, ...proto } = OrderService.method.createOrder.proto;
    const closed = { ...OrderService.method.createOrder, proto } as typeof OrderService.method.createOrder;
    const everybody = [
      anonymous,
      ...roles.map((role) => holding(role)),
      ...[...servicePermissions.keys()].map(service),
    ];
    for (const principal of everybody) {
      expect(codeOf(() => authorize(principal, closed))).toBe("auth.method_closed");
    }
  });
});

const declared = new Set(
  methods.flatMap((method) => {
    const access = accessOf(method);
    return access?.kind === "permission" ? [access.permission] : [];
  }),
);
const ofRoles = new Set(roles.flatMap((role) => [...rolePermissions[role]]));
const ofServices = new Set([...servicePermissions.values()].flatMap((permissions) => [...permissions]));

describe("the tables of roles and of services", () => {
  const granted = new Set([...ofRoles, ...ofServices]);

  it("grant every permission that proto asks for to some role or service", () => {
    expect([...declared].filter((permission) => !granted.has(permission))).toEqual([]);
  });

  it("grant nothing that proto does not ask for, but for acting on others' behalf", () => {
    const known = new Set([...declared, ACT_FOR_ANY_CUSTOMER, ACT_FOR_ANY_SELLER]);
    expect([...granted].filter((permission) => !known.has(permission))).toEqual([]);
  });

  it("every method of the platform declares its access", () => {
    expect(methods.filter((method) => accessOf(method) === undefined).map(String)).toEqual([]);
  });

  it("have no wildcards", () => {
    for (const permission of granted) expect(permission).toMatch(/^[a-z_]+\.[a-z_]+$/);
  });

  it("leave to services alone what people have no business with", () => {
    expect([...ofServices].filter((permission) => !ofRoles.has(permission)).sort()).toEqual([
      "audit.record",
      "payment.authorize",
      "stock.reserve",
      "verification.issue",
    ]);
  });

  it.each(["ops.write", "payment.authorize", "stock.reserve", "payment.refund", ACT_FOR_ANY_CUSTOMER])(
    "keep %s from customers and sellers",
    (permission) => {
      expect(rolePermissions.customer.has(permission)).toBe(false);
      expect(rolePermissions.seller.has(permission)).toBe(false);
    },
  );
});

describe("a service", () => {
  it("in the table is a binary of the platform", () => {
    const binaries = serviceCatalogue.flatMap(({ apiAppId, workerAppId }) => [apiAppId, workerAppId]);
    const known = new Set([...binaries, gatewayEntry.apiAppId]);
    expect([...servicePermissions.keys()].filter((appId) => !known.has(appId))).toEqual([]);
  });

  it("may do what stands beside its own name, and nothing that stands beside another's", () => {
    const { createQuote } = PricingService.method;
    const { authorizePayment, capturePayment } = PaymentService.method;
    const { batchCreateProducts } = CatalogService.method;
    const { recordAudit } = AuditService.method;
    const allowed = (appId: string) =>
      [createQuote, authorizePayment, capturePayment, batchCreateProducts, recordAudit]
        .filter((method) => codeOf(() => authorize(service(appId), method)) === undefined)
        .map(({ name }) => name);
    expect(allowed("order")).toEqual(["AuthorizePayment"]);
    expect(allowed("common-operations-worker")).toEqual(["BatchCreateProducts"]);
    expect(allowed("gateway")).toEqual(["RecordAudit"]);
    for (const other of ["order-worker", "common-operations", "payment"]) expect(allowed(other)).toEqual([]);
  });

  it.each(["service:nobody", "service:", "service:constructor", "service:__proto__", "order", "service:order ", ""])(
    "called %j may do what is public, and nothing else",
    (subject) => {
      const unknown = principalOf({ subject, kind: "service", roles: ["operator"] });
      expect(unknown.permissions.size).toBe(0);
      expect(unknown.roles).toEqual([]);
      for (const method of methods) {
        const expected = accessOf(method)?.kind === "public" ? undefined : "auth.permission_denied";
        expect(
          codeOf(() => authorize(unknown, method)),
          String(method),
        ).toBe(expected);
      }
    },
  );

  it("lends its name to no user", () => {
    const user = principalOf({ subject: "service:order", kind: "user", roles: ["customer"] });
    expect(user.permissions).toEqual(rolePermissions.customer);
  });
});

describe("ownership", () => {
  const customer = principalOf({ subject: "u", kind: "user", roles: ["customer"], customerId: "c-1", sellerId: "s-1" });

  it("a customer acts for itself only", () => {
    expect(mayActFor(customer, "c-1")).toBe(true);
    expect(mayActFor(customer, "c-2")).toBe(false);
    expect(mayActForSeller(customer, "s-1")).toBe(true);
    expect(mayActForSeller(customer, "s-2")).toBe(false);
  });

  it("an empty id belongs to nobody", () => {
    expect(mayActFor(principalOf({ subject: "u", kind: "user", roles: ["customer"], customerId: "" }), "")).toBe(false);
    expect(mayActFor(anonymous, "")).toBe(false);
    expect(mayActForSeller(anonymous, "")).toBe(false);
  });

  it.each(["staff", "operator"] as const)("%s acts for anyone", (role) => {
    expect(mayActFor(holding(role), "c-2")).toBe(true);
    expect(mayActForSeller(holding(role), "s-2")).toBe(true);
  });

  it("a service acts for anyone only if it was given that", () => {
    expect(mayActFor(service("common-operations-worker"), "c-2")).toBe(true);
    expect(mayActForSeller(service("common-operations-worker"), "s-2")).toBe(true);
    expect(mayActFor(service("order"), "c-2")).toBe(false);
    expect(mayActForSeller(service("gateway"), "s-2")).toBe(false);
  });

  it("as a check throws not_owner, or what the use case prefers to say", () => {
    expect(codeOf(() => assertMayActFor(customer, "c-1"))).toBeUndefined();
    expect(codeOf(() => assertMayActFor(customer, "c-2"))).toBe("auth.not_owner");
    const hidden = () => new AppError("not_found", "order.not_found", "There is no such order.");
    expect(codeOf(() => assertMayActFor(customer, "c-2", hidden))).toBe("order.not_found");
  });
});

it("every slug of this package stands in the error catalogue", () => {
  for (const slug of [
    ...tokenFaults,
    "auth.keys_unavailable",
    "auth.permission_denied",
    "auth.method_closed",
    "auth.not_owner",
  ]) {
    expect(errorCatalogue[slug], slug).toBeDefined();
  }
  for (const slug of tokenFaults) expect(errorCatalogue[slug]?.kind).toBe("unauthenticated");
});
