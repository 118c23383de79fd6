import type { Clock } from "@tandem/kernel";
import { userRegistered } from "../model/auth-events.ts";
import { normalizeEmail } from "../model/email.ts";
import { emailTaken } from "../model/errors.ts";
import { checkPassword } from "../model/password.ts";
import { createUser, type User, type UserRole } from "../model/user.ts";
import type { AuthUnitOfWork, EvenOut, PasswordHasher } from "./ports.ts";
import { requestVerification, type VerificationParts } from "./request-verification.ts";

export interface RegisterDeps {
  readonly uow: AuthUnitOfWork;
  readonly passwords: PasswordHasher;
  readonly clock: Clock;
  readonly newId: () => string;
  /** How long the tokens of mails work. */
  readonly ttls: VerificationParts["ttls"];
}

export interface RegisterInput {
  readonly email: string;
  readonly password: string;
  readonly displayName: string;
  readonly locale: string;
}

interface Outcome {
  readonly user: User;
  readonly created: boolean;
}

const makeOpenAccount =
  ({ uow, passwords, clock, newId, ttls }: RegisterDeps) =>
  async (
    input: RegisterInput & { readonly roles: readonly UserRole[]; readonly sellerId?: string | undefined },
    signal?: AbortSignal,
  ): Promise<Outcome> => {
    const email = normalizeEmail(input.email);
    const displayName = input.displayName.trim();
    checkPassword(input.password, { email: email.address, name: displayName });
    // Before anybody looks whether the address is free: the expensive part is the same for both.
    const passwordHash = await passwords.hash(input.password, signal);
    return uow.transact(async (repositories) => {
      const { users, outbox } = repositories;
      const { roles, sellerId, locale } = input;
      const user = createUser({ id: newId(), email, displayName, locale, passwordHash, roles, sellerId }, clock.now());
      const created = await users.createIfAbsent(user);
      if (!created) return { user, created };
      await outbox.add(userRegistered(user, user.createdAt));
      const now = user.createdAt;
      return {
        user: await requestVerification(repositories, user, { purpose: "CONFIRM_EMAIL", newId, ttls, now }),
        created,
      };
    }, signal);
  };

/**
 * Opens a customer's account, or leaves the one that has this address alone; the caller is not told which, by the answer or by its time.
 * @throws AppError `auth.email_invalid`, `auth.password_weak`
 */
export const makeRegister = (deps: RegisterDeps & { readonly evenOut: EvenOut }) => {
  const openAccount = makeOpenAccount(deps);
  return async (input: RegisterInput, signal?: AbortSignal): Promise<{ readonly email: string }> => {
    const startedMs = performance.now();
    const { user } = await openAccount({ ...input, roles: ["customer"] }, signal);
    await deps.evenOut(startedMs);
    return { email: user.email?.address ?? "" };
  };
};

/**
 * Opens an account with the roles given, for the staff: they may know whether there is one.
 * @throws AppError `auth.email_taken`, `auth.email_invalid`, `auth.password_weak`, `auth.seller_required`
 */
export const makeCreateUser = (deps: RegisterDeps) => {
  const openAccount = makeOpenAccount(deps);
  return async (...args: Parameters<typeof openAccount>): Promise<User> => {
    const { user, created } = await openAccount(...args);
    if (!created) throw emailTaken();
    return user;
  };
};
