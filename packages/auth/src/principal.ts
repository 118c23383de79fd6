import { permissionsOf, type Role } from "./roles.ts";
import { permissionsOfService } from "./service-permissions.ts";

/** Who stands behind a call. Built only from a verified token, or {@link anonymous}. */
export interface Principal {
  /** The token's `sub`: a user id, or `service:<app id>`. Empty for anonymous callers. */
  readonly subject: string;
  readonly kind: "user" | "service" | "anonymous";
  /** Users have them, services none. Known roles only: a role that this build does not know grants nothing and is left out. */
  readonly roles: readonly Role[];
  /** From the roles of a user, from the name of a service. */
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

/** Builds a principal: a user from roles, a service from its subject, whatever roles it claims. */
export const principalOf = (init: {
  readonly subject: string;
  readonly kind: "user" | "service";
  readonly roles?: readonly Role[];
  readonly customerId?: string;
  readonly sellerId?: string;
  readonly sessionId?: string;
  readonly tokenId?: string;
  readonly expiresAtS?: number;
}): Principal => {
  const isService = init.kind === "service";
  const roles = isService ? [] : [...(init.roles ?? [])];
  const permissions = isService ? permissionsOfService(init.subject) : permissionsOf(roles);
  return Object.freeze({ ...init, roles: Object.freeze(roles), permissions });
};
