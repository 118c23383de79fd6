import type { Clock } from "@tandem/kernel";
import type { Origin } from "../model/auth-events.ts";
import { credentialsInvalid, noAccount } from "../model/errors.ts";
import { checkPassword } from "../model/password.ts";
import { withPassword } from "../model/user.ts";
import type { makeCheckCredentials } from "./check-credentials.ts";
import { endSessionsOf } from "./end-sessions.ts";
import type { AuthUnitOfWork, PasswordHasher, UserReader } from "./ports.ts";

export interface ChangePasswordDeps {
  readonly uow: AuthUnitOfWork;
  readonly users: UserReader;
  readonly passwords: PasswordHasher;
  readonly checkCredentials: ReturnType<typeof makeCheckCredentials>;
  readonly clock: Clock;
}

export interface ChangePasswordInput {
  readonly userId: string;
  /** Goes on; all others end. */
  readonly sessionId: string | undefined;
  readonly currentPassword: string;
  readonly newPassword: string;
  readonly from: Origin;
}

/**
 * A new password for somebody who knows the old one; a stolen access token alone does not do. Guesses count against the address as those at the login do.
 * @returns how many other sessions were ended
 * @throws AppError `auth.credentials_invalid`, `auth.account_locked`, `auth.password_weak`, `auth.no_account`
 */
export const makeChangePassword = ({ uow, users, passwords, checkCredentials, clock }: ChangePasswordDeps) => {
  return async (input: ChangePasswordInput, signal?: AbortSignal): Promise<number> => {
    const { userId, sessionId, currentPassword: password, newPassword, from } = input;
    const user = await users.getById(userId).catch(() => undefined);
    if (user?.email === undefined) throw noAccount();
    checkPassword(newPassword, { email: user.email.address, name: user.displayName });
    const verdict = await checkCredentials({ emailKey: user.email.key, password, user, from }, signal);
    if (!verdict.matches) throw credentialsInvalid();
    const passwordHash = await passwords.hash(newPassword, signal);
    return uow.transact(async (repositories) => {
      const now = clock.now();
      const before = await repositories.users.lockById(userId);
      if (before?.status !== "ACTIVE" || before.passwordHash !== user.passwordHash) throw credentialsInvalid();
      await repositories.throttles.delete(verdict.throttleKey);
      await repositories.users.update(withPassword(before, passwordHash, now));
      return endSessionsOf(repositories, before, { reason: "PASSWORD_CHANGED", but: sessionId, now });
    }, signal);
  };
};
