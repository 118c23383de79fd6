import type { ServiceImpl } from "@connectrpc/connect";
import type { UserService } from "@tandem/contracts/auth";
import { type Clock, isAppError } from "@tandem/kernel";
import { callOf, readPage, writePage } from "@tandem/rpc";
import type { makeAssignRoles, makeUnlockUser } from "../biz/manage-users.ts";
import type { ThrottleKeyOf, ThrottleReader, UserReader } from "../biz/ports.ts";
import type { makeCreateUser } from "../biz/register-user.ts";
import { userToProto } from "../events/to-proto.ts";
import { normalizeEmail } from "../model/email.ts";
import { assertMayGrant, type User, type UserRole } from "../model/user.ts";

export interface UserHandlersDeps {
  readonly users: UserReader;
  readonly throttles: ThrottleReader;
  readonly throttleKeyOf: ThrottleKeyOf;
  readonly createUser: ReturnType<typeof makeCreateUser>;
  readonly assignRoles: ReturnType<typeof makeAssignRoles>;
  readonly unlockUser: ReturnType<typeof makeUnlockUser>;
  readonly clock: Clock;
}

export const makeUserHandlers = (deps: UserHandlersDeps): ServiceImpl<typeof UserService> => {
  const { users, throttles, throttleKeyOf, clock } = deps;
  const shown = async (found: readonly User[]) => {
    const keyOf = ({ email }: User) => (email === undefined ? "" : throttleKeyOf(email.key));
    const locks = await throttles.listLocks(
      found.map(keyOf).filter((key) => key !== ""),
      clock.now(),
    );
    return found.map((user) => userToProto(user, locks.get(keyOf(user))));
  };
  const one = async (user: User) => ({ user: (await shown([user]))[0] ?? userToProto(user) });

  return {
    createUser: async ({ email, password, displayName, locale, roles, sellerId }, context) => {
      const wanted = roles as UserRole[]; // proto's rule names them
      assertMayGrant(callOf(context).principal, { before: [], after: wanted });
      const input = { email, password, displayName, locale, roles: wanted, sellerId: sellerId || undefined };
      return one(await deps.createUser(input, context.signal));
    },

    getUser: async ({ userId }) => one(await users.getById(userId)),

    listUsers: async ({ page, email, role, sellerId }) => {
      const criteria = {
        emailKey: email === "" ? undefined : keyOrNobodys(email),
        role: (role || undefined) as UserRole | undefined,
        sellerId: sellerId || undefined,
      };
      const found = await users.listByCriteria(criteria, readPage(page));
      return { users: await shown(found.items), page: writePage(found) };
    },

    assignRoles: async ({ userId, roles, sellerId }, context) => {
      const by = callOf(context).principal;
      const input = { userId, roles: roles as UserRole[], sellerId: sellerId || undefined, by };
      return one(await deps.assignRoles(input, context.signal));
    },

    unlockUser: async ({ userId }, { signal }) => one(await deps.unlockUser(userId, signal)),
  };
};

const keyOrNobodys = (email: string): string => {
  try {
    return normalizeEmail(email).key;
  } catch (error) {
    if (!isAppError(error, "auth.email_invalid")) throw error;
    return "";
  }
};
