import { permissionsOf, type Role } from "./roles.ts";

/** Who stands behind a call. Built only from a verified token, or {@link anonymous}. */
export interface Principal {
  /** The token's `sub`: a user id, or `service:<name>`. Empty for anonymous callers. */
  readonly subject: string;
  readonly kind: "user" | "service" | "anonymous";
  /** Known roles only: a role that this build does not know grants nothing and is left out. */
  readonly roles: readonly Role[];
  readonly permissions: ReadonlySet<string>;
  /** The customer that the user is. Ownership checks compare against it. */
  readonly customerId?: string;
  /** The seller for which the user works. */
  readonly sellerId?: string;
  /** The login that the token comes from; absent for services. */
  readonly sessionId?: string;
  /** The token's `jti`: fit for logs and audit, unlike the token. */
  readonly tokenId?: string;
  /** When the token ends, in epoch seconds. A server never keeps a principal beyond it. */
  readonly expiresAtS?: number;
}

/** Nobody in particular: may call methods declared public, and nothing else. */
export const anonymous: Principal = Object.freeze({
  subject: "",
  kind: "anonymous",
  roles: Object.freeze([]),
  permissions: new Set<string>(),
});

/** Builds a principal from roles, for tests and for callers inside the process (jobs). Services hold the role `service` and no other. */
export const principalOf = (init: {
  readonly subject: string;
  readonly kind: "user" | "service";
  readonly roles: readonly Role[];
  readonly customerId?: string;
  readonly sellerId?: string;
  readonly sessionId?: string;
  readonly tokenId?: string;
  readonly expiresAtS?: number;
}): Principal => {
  // The role `service` opens internal methods, so a user never holds it, whatever the token claims.
  const roles =
    init.kind === "service" ? init.roles.filter((r) => r === "service") : init.roles.filter((r) => r !== "service");
  return Object.freeze({ ...init, roles: Object.freeze(roles), permissions: permissionsOf(roles) });
};
