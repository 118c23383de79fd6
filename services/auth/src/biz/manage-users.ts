import type { Clock } from "@tandem/kernel";
import { userNotFound } from "../model/errors.ts";
import { assertMayGrant, erase, tombstone, type User, type UserRole, withRoles } from "../model/user.ts";
import { endSessionsOf } from "./end-sessions.ts";
import type { AuthUnitOfWork, ThrottleKeyOf } from "./ports.ts";

export interface ManageUsersDeps {
  readonly uow: AuthUnitOfWork;
  readonly clock: Clock;
}

export interface AssignRolesInput {
  readonly userId: string;
  readonly roles: readonly UserRole[];
  readonly sellerId?: string | undefined;
  readonly by: { readonly subject: string; readonly roles: readonly string[] };
}

/** @throws AppError `auth.user_not_found`, `auth.role_not_grantable`, `auth.seller_required` */
export const makeAssignRoles =
  ({ uow }: ManageUsersDeps) =>
  ({ userId, roles, sellerId, by }: AssignRolesInput, signal?: AbortSignal): Promise<User> =>
    uow.transact(async ({ users }) => {
      const before = await users.lockById(userId);
      if (before?.status !== "ACTIVE") throw userNotFound();
      assertMayGrant(by, { userId, before: before.roles, after: roles });
      const after = withRoles(before, roles, sellerId);
      if (after !== before) await users.update(after);
      return after;
    }, signal);

/** Forgets the failed attempts on a user's address. Idempotent. @throws AppError `auth.user_not_found` */
export const makeUnlockUser =
  ({ uow, throttleKeyOf }: Pick<ManageUsersDeps, "uow"> & { readonly throttleKeyOf: ThrottleKeyOf }) =>
  (userId: string, signal?: AbortSignal): Promise<User> =>
    uow.transact(async ({ users, throttles }) => {
      const user = await users.getById(userId);
      if (user?.email === undefined) throw userNotFound();
      await throttles.delete(throttleKeyOf(user.email.key));
      return user;
    }, signal);

/**
 * Forgets a person: no address, no password, no sessions. Idempotent. A person that is not known (yet) leaves a tombstone, under whose id nothing can be
 * opened any more.
 */
export const makeEraseUser =
  ({ uow, clock }: ManageUsersDeps) =>
  (customerId: string, signal?: AbortSignal): Promise<void> =>
    uow.transact(async (repositories) => {
      const { users } = repositories;
      const now = clock.now();
      let before = await users.lockById(customerId);
      if (!before) {
        if (await users.createIfAbsent(tombstone(customerId, now))) return;
        before = await users.lockById(customerId);
      }
      if (before?.status !== "ACTIVE") return;
      await endSessionsOf(repositories, before, { reason: "USER_ERASED", now });
      await repositories.verifications.deleteByUserId(before.id);
      await users.update(erase(before));
    }, signal);
