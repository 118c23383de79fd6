import { accessOf, errorCatalogue, files } from "@tandem/contracts";
import { OrderService } from "@tandem/contracts/order";
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
  tokenFaults,
} from "../src/index.ts";

const holding = (...held: Role[]) =>
  principalOf({ subject: "s", kind: held.includes("service") ? "service" : "user", roles: held });
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
    for (const principal of [anonymous, ...roles.map((role) => holding(role))]) {
      expect(codeOf(() => authorize(principal, closed))).toBe("auth.method_closed");
    }
  });
});

describe("the table of roles", () => {
  const declared = new Set(
    methods.flatMap((method) => {
      const access = accessOf(method);
      return access?.kind === "permission" ? [access.permission] : [];
    }),
  );
  const granted = new Set(roles.flatMap((role) => [...rolePermissions[role]]));

  it("grants every permission that proto asks for to some role", () => {
    expect([...declared].filter((permission) => !granted.has(permission))).toEqual([]);
  });

  it("grants nothing that proto does not ask for, but for acting on others' behalf", () => {
    const known = new Set([...declared, ACT_FOR_ANY_CUSTOMER, ACT_FOR_ANY_SELLER]);
    expect([...granted].filter((permission) => !known.has(permission))).toEqual([]);
  });

  it("every method of the platform declares its access", () => {
    expect(methods.filter((method) => accessOf(method) === undefined).map(String)).toEqual([]);
  });

  it("has no wildcards", () => {
    for (const permission of granted) expect(permission).toMatch(/^[a-z_]+\.[a-z_]+$/);
  });

  it.each(["ops.write", "payment.authorize", "stock.reserve", "payment.refund", ACT_FOR_ANY_CUSTOMER])(
    "keeps %s from customers and sellers",
    (permission) => {
      expect(rolePermissions.customer.has(permission)).toBe(false);
      expect(rolePermissions.seller.has(permission)).toBe(false);
    },
  );
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

  it.each(["staff", "operator", "service"] as const)("%s acts for anyone", (role) => {
    expect(mayActFor(holding(role), "c-2")).toBe(true);
    expect(mayActForSeller(holding(role), "s-2")).toBe(true);
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
