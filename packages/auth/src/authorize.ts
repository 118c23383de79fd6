import type { DescMethod } from "@bufbuild/protobuf";
import { accessOf, type MethodAccess } from "@tandem/contracts";
import { AppError } from "@tandem/kernel";
import type { Principal } from "./principal.ts";
import { tokenError } from "./slugs.ts";

/** The permission that lets its holder act on any customer's things: staff, operators, and services that need it. */
export const ACT_FOR_ANY_CUSTOMER = "customer.act_for_any";
/** The same for sellers. */
export const ACT_FOR_ANY_SELLER = "seller.act_for_any";

// Reading an option decodes it from the descriptor's bytes: a tenth of a call's cost, if done on each.
const known = new WeakMap<DescMethod, { readonly access: MethodAccess | undefined }>();
const knownAccessOf = (method: DescMethod): MethodAccess | undefined => {
  const found = known.get(method) ?? { access: accessOf(method) };
  known.set(method, found);
  return found.access;
};

/**
 * Decides whether the principal may call the method, from the method's `(tandem.common.v1.access)` option alone.
 * Deny by default: a method without the option is closed to everyone.
 * @throws AppError `auth.token_missing` (unauthenticated) for an anonymous caller, `auth.permission_denied`, `auth.method_closed`
 */
export const authorize = (principal: Principal, method: DescMethod): void => {
  const access = knownAccessOf(method);
  if (access === undefined)
    throw new AppError(
      "permission_denied",
      "auth.method_closed",
      "No one may call this method: it declares no access.",
    );
  if (access.kind === "public") return;
  if (principal.permissions.has(access.permission)) return;
  if (principal.kind === "anonymous") throw tokenError("auth.token_missing");
  throw new AppError(
    "permission_denied",
    "auth.permission_denied",
    `This call needs the permission ${access.permission}.`,
  );
};

/** True when the principal is that customer, or may act for any. An empty id belongs to nobody. */
export const mayActFor = (principal: Principal, customerId: string): boolean =>
  (customerId !== "" && principal.customerId === customerId) || principal.permissions.has(ACT_FOR_ANY_CUSTOMER);

/** True when the principal works for that seller, or may act for any. */
export const mayActForSeller = (principal: Principal, sellerId: string): boolean =>
  (sellerId !== "" && principal.sellerId === sellerId) || principal.permissions.has(ACT_FOR_ANY_SELLER);

/**
 * {@link mayActFor}, as a check. Reads of other people's things should rather answer "not found", so that ids cannot be probed: pass that error.
 * @throws AppError `auth.not_owner` (permission_denied), or the error given
 */
export const assertMayActFor = (principal: Principal, customerId: string, otherwise?: () => AppError): void => {
  if (mayActFor(principal, customerId)) return;
  throw otherwise?.() ?? new AppError("permission_denied", "auth.not_owner", "This belongs to another customer.");
};
